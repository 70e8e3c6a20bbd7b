#include "target_errors.hpp"

#include "envpack/base/text.hpp"

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

Error bad_tag(std::string_view name) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("`{}` cannot be a tag", text::printable(name)))
        .with_rule("oci.tag")
        .with_hint("use letters, digits and single `.`, `_`, `-` between them");
}

}  // namespace envpack::oci
