#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/archive/layer_listing.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/env/site_packages.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/oci/image_config.hpp"
#include "envpack/oci/platform.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace envpack::pipeline {

/// Where a base or an image is, in the words that container users know. Value; not synchronised.
///
///     oci:DIR[:TAG]               an image in an OCI image layout
///     oci-archive:FILE[:TAG]      an image in a layout that is packed into a tar file
///     docker-archive:FILE[:NAME]  an image that `docker save` wrote; NAME is a RepoTag or `@N`
///     dir:ROOTFS                  a root file system in a folder
///     python:PATH                 an interpreter of this machine, a virtual environment or prefix
///     PATH                        the same, for a path that has a `/` or that exists
///     .                           the interpreter in use
///     freeze:FILE                 the output of `pip freeze` or `pip list`; `-` is standard input
struct Source {
    enum class Kind {
        oci_layout,
        oci_archive,
        docker_archive,
        root_file_system,
        python,
        freeze_text,
    };
    Kind kind = Kind::python;
    std::filesystem::path path = {};  ///< empty: the interpreter in use
    std::string tag = {};             ///< of an image; empty: the only one there is
    std::string text = {};            ///< as it was given

    bool is_image() const noexcept {
        return kind == Kind::oci_layout || kind == Kind::oci_archive ||
               kind == Kind::docker_archive;
    }

    /// invalid_argument for an unknown transport, unsupported for those that envpack cannot read
    /// (`docker://`, `docker-daemon:`, `containers-storage:`), each with a hint.
    static Result<Source> parse(std::string_view text);
};

/// A source that is open for reading.
struct OpenSource {
    std::shared_ptr<const archive::FileTree> tree;
    env::Environment environment = {};              ///< as processes of the tree see it
    std::optional<SafePath> python = std::nullopt;  ///< the interpreter or prefix that is meant
    oci::ImagePtr image = nullptr;                  ///< of an image; else null
    /// Of an image: `tree`, with what is known of its layers; else null.
    std::shared_ptr<const archive::StackedTree> layers = nullptr;
    std::string digest = {};  ///< of the image's manifest; else empty
};

/// The variables of the config, as processes of the image see them.
env::Environment environment_of(const oci::ImageConfig& config);

/// The platform of this machine: what an image index is asked for.
oci::Platform host_platform();

/// The image of a source that is one; nothing of its layers is read, but an archive that is
/// compressed is unpacked below the cache. unsupported for other kinds.
Result<oci::ImagePtr> open_image(const Source& source, const UserConfig& user,
                                 const RunContext& run);

/// Opens everything but freeze_text, which has no tree. Of an image's files, the contents that
/// `capture` names are kept in memory.
Result<OpenSource> open_source(const Source& source, const archive::CaptureFilter& capture,
                               const UserConfig& user, const RunContext& run);

/// The same for an image that open_image() gave.
Result<OpenSource> open_image_tree(const Source& source, oci::ImagePtr image,
                                   const archive::CaptureFilter& capture, const RunContext& run);

}  // namespace envpack::pipeline
