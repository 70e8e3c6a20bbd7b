#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/index/package_index.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::index {

/// Lower-case algorithm → lower-case hex.
using Hashes = std::map<std::string, std::string>;

/// One link of a page as the page has it: attributes undecided, URL resolved and without fragment.
/// Value; not synchronised.
struct SimpleLink {
    std::string url;       ///< absolute, without userinfo and fragment
    std::string filename;  ///< from the URL's path, decoded once
    Hashes hashes = {};
    std::string requires_python = {};  ///< "" when absent
    std::optional<std::string> yanked = std::nullopt;
    bool has_metadata = false;
    Hashes metadata_hashes = {};
    std::optional<std::uint64_t> size = std::nullopt;
    std::optional<std::string> upload_time = std::nullopt;
};

// What both readers share. Links that cannot be used are left out one by one and never spoil the
// page: an URL that is no URL, that the page may not point to (an https page to http or file, a
// http page to file, a file page to http), or whose last segment is no file name. Userinfo in a
// link is dropped: no page decides which credentials are sent.

/// The anchors of a PEP 503 page, in order, with the attributes of PEP 592, 658, 700 and 714; the
/// first `<base href>` counts. Any HTML is accepted; unsupported for a repository version (PEP 629)
/// whose major number is not 1; limit_exceeded for more than Limits::max_json bytes or
/// Limits::max_entries anchors.
Result<std::vector<SimpleLink>> html_links(std::string_view body, std::string_view page_url,
                                           const Limits& limits = {});
/// The files of a PEP 691 page. parse_error for malformed JSON; unsupported for an api-version
/// whose major number is not 1.
Result<std::vector<SimpleLink>> json_links(std::string_view body, std::string_view page_url,
                                           const Limits& limits = {});

/// An invalid Requires-Python is ignored, as pip does; a sha256 that is none makes the link
/// unusable: nullopt.
std::optional<DistFile> to_dist_file(SimpleLink link);

/// A PEP 691, 700, 714 page of one project. parse_error when the page is about another project.
Result<Project> parse_simple_json(std::string_view body, std::string_view page_url,
                                  const packaging::PackageName& name, const Limits& limits = {});
/// A PEP 503 page of one project.
Result<Project> parse_simple_html(std::string_view body, std::string_view page_url,
                                  const packaging::PackageName& name, const Limits& limits = {});

/// The project, normalised, whose wheel (PEP 427) or sdist (PEP 625) has that name, with a version
/// that is one. What nobody can read (wheels of later standards, eggs, installers) is of no
/// project, so that one odd file never spoils a page: nullopt.
std::optional<std::string> project_of(std::string_view filename);

}  // namespace envpack::index
