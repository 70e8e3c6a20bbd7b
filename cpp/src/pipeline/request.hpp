#pragma once

#include "envpack/base/result.hpp"
#include "envpack/env/package_provider.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "envpack/pipeline/resolve.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace envpack::pipeline {

/// What the user asks for, gathered from arguments, requirements files and constraints files.
struct Request {
    /// By name; those by place are added by whoever opens them.
    std::vector<env::UserRequirement> requirements = {};
    std::vector<packaging::RequirementLine> places = {};  ///< is_direct()
    std::vector<env::UserRequirement> constraints = {};
    /// Constraints that name a place, each with a requirement that has the name.
    std::vector<packaging::RequirementLine> constraint_places = {};
    std::vector<std::string> texts = {};  ///< the requirements as written, in order
    packaging::FormatControl formats = {};
    bool pre = false;
    bool hash_mode = false;  ///< as RequirementsFile::hash_mode()
    /// In hash mode, of the sha256 hashes of a name's lines, those that all of the lines allow.
    /// Filled by keep_for().
    std::map<packaging::PackageName, std::set<Digest>> hashes = {};
    IndexOptions indexes = {};  ///< the options of the call and those of the files
};

/// Reads everything that `options` names. unsupported for constraints that are editable, or by a
/// place that does not tell the name.
Result<Request> read_request(const ResolveOptions& options, const UserConfig& user,
                             const std::vector<std::string>& pip_constraints);

/// Leaves the requirements, and the constraints by place, whose marker holds in `environment`, and
/// in hash mode reads their hashes. invalid_argument (rule `resolve.hashes`) for one that is not
/// pinned or has none.
Result<void> keep_for(const packaging::MarkerEnvironment& environment, Request& request);

/// Whether one of the pins of `indexes` is for that package.
bool is_pinned(const IndexOptions& indexes, const packaging::PackageName& name);

}  // namespace envpack::pipeline
