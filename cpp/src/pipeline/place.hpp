#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/packaging/requirements_file.hpp"

#include <set>
#include <string>
#include <string_view>

namespace envpack::pipeline {

/// What a requirement names instead of versions, taken apart:
/// `git+https://host/repo@v1#subdirectory=py`. Value; not synchronised.
struct Place {
    std::string url;  ///< without `git+`, revision and fragment; a path is a file URL
    bool is_git = false;
    std::string revision = {};
    std::string subdirectory = {};
    /// Of which the file must have one, those of the line and of the URL together, as for pip;
    /// empty: nobody says which bytes they are.
    std::set<Digest> sha256 = {};

    bool is_folder() const;  ///< on this machine, now
};

/// Whether the line names a place instead of a name for indexes.
bool is_direct(const packaging::RequirementLine& line);

/// unsupported (rule `resolve.direct`) for repositories other than git, for hashes of a repository
/// and where all hashes that are stated are of another algorithm than sha256.
Result<Place> read_place(const packaging::RequirementLine& line);

/// With the rule of everything about places.
Error place_refused(ErrorCode code, std::string message);

}  // namespace envpack::pipeline
