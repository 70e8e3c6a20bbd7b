#include "target_errors.hpp"

#include <fmt/format.h>

namespace envpack::oci {

Error blob_not_found(const Descriptor& descriptor, std::string_view place) {
    return Error(ErrorCode::not_found,
                 fmt::format("blob {} is missing from `{}`", descriptor.digest.to_string(), place))
        .with_path(std::string(place));
}

Error pushed_other_content(const Descriptor& expected, std::string_view place) {
    return Error(ErrorCode::digest_mismatch,
                 fmt::format("what was to be stored in `{}` as {} ({} bytes) is other content",
                             place, expected.digest.to_string(), expected.size))
        .with_rule("oci.blob-digest");
}

}  // namespace envpack::oci
