#pragma once

#include "build_image.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/pipeline/source.hpp"

#include <optional>
#include <vector>

namespace envpack::pipeline {

/// The documents beside an image. Each appears whole, or not at all. One thread.
class BuildSidecars {
public:
    /// Before anything is built, so that a name that does not do and a folder that is not there are
    /// found out at once. invalid_argument where two are to be one file.
    static Result<BuildSidecars> open(const BuildOptions& options);

    /// Writes them of the image that is at `place` now.
    Result<void> commit(const BuiltImage& image, const Digest& digest, const Source& place,
                        const BuildOptions& options) &&;

private:
    struct Bill {
        FreezeFormat format;
        AtomicFile file;
    };
    std::vector<Bill> bills_;
    std::optional<AtomicFile> provenance_;
};

}  // namespace envpack::pipeline
