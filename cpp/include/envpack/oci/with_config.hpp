#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/result.hpp"
#include "envpack/oci/image.hpp"

#include <optional>
#include <string>
#include <vector>

namespace envpack::oci {

/// One environment variable of the image. Value; not synchronised.
struct EnvChange {
    enum class Kind : std::uint8_t {
        set,      ///< replaces the value in place, else is added at the end
        prepend,  ///< `value`, then `separator` and the old value if there is one that is not empty
    };
    std::string name;
    std::string value;
    Kind kind = Kind::set;
    std::string separator = ":";
};

/// What to change; what is not named stays as it is. Value; not synchronised.
struct ConfigChange {
    std::vector<EnvChange> env = {};  ///< applied in order
    std::optional<std::string> user = std::nullopt;
    std::optional<std::string> working_dir = std::nullopt;
    /// As in a Dockerfile, a new entrypoint without a new cmd drops the base's Cmd, which was
    /// written for the old one.
    std::optional<std::vector<std::string>> entrypoint = std::nullopt;
    std::optional<std::vector<std::string>> cmd = std::nullopt;
    /// Added to those of the base: `8080`, `53/udp`; without a protocol it is tcp, and said so.
    std::vector<std::string> ports = {};
    std::vector<std::string> volumes = {};  ///< absolute paths, added to those of the base
    Annotations labels = {};                ///< added or replaced
    Annotations annotations = {};           ///< of the manifest; unsupported in Docker's family
    /// When not empty, the history gets one entry without a layer.
    std::string created_by = {};
    UnixTime created = 0;  ///< of that entry
};

/// `image` with another config: a new image over the same layers. invalid_argument (rule
/// `oci.config-change`) for a variable name that is empty or has `=` or NUL, for NUL anywhere, and
/// for what is no port or no absolute path.
Result<ImagePtr> with_config(const ImagePtr& image, const ConfigChange& change);

}  // namespace envpack::oci
