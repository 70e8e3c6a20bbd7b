#pragma once

#include "envpack/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// The options that pip knows in a requirements file.
enum class RequirementsOption : std::uint8_t {
    index_url,
    extra_index_url,
    no_index,
    find_links,
    trusted_host,
    constraint,
    requirement,
    editable,
    no_binary,
    only_binary,
    prefer_binary,
    require_hashes,
    no_require_hashes,
    pre,
    all_releases,
    only_final,
    use_feature,
    hash,
    config_settings,
};

struct GivenOption {
    RequirementsOption option;
    std::string_view name = {};  ///< a literal: its long spelling
    std::string value = {};
};

/// A logical line, split where its first word with a hyphen in front begins.
struct SplitLine {
    std::string requirement = {};  ///< empty: only options
    std::vector<GivenOption> options = {};
    std::vector<std::string> leftovers = {};  ///< words after options; pip drops them in silence
};

/// parse_error with the span of the word for an unknown or ambiguous option, a missing or unwanted
/// value, an open quote. Long options may be shortened, as optparse allows.
Result<SplitLine> split_requirements_line(std::string_view line);

}  // namespace envpack::packaging
