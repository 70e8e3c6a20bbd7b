#pragma once

#include "envpack/env/package_provider.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/packaging/tag.hpp"
#include "envpack/packaging/version.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace envpack::env {

/// What decides whether a file can be installed. Value; not synchronised.
struct CandidateRules {
    explicit CandidateRules(const ProviderOptions& options);

    packaging::TagIndex tags;
    std::set<std::pair<std::string, std::string>> pythons;  ///< interpreter and ABI of the tags
    packaging::Tag best_tag = {};                           ///< what the target is, for people
    packaging::Version python_version;
    packaging::FormatControl formats;
    bool allow_sdists = false;
    std::set<packaging::PackageName> direct = {};
    std::map<packaging::PackageName, std::set<Digest>> hashes = {};
    std::string exclude_newer = {};  ///< RFC 3339, UTC, seconds; empty: no limit
};

/// One version of a project, judged.
struct Candidate {
    const index::DistFile* file = nullptr;  ///< the best one; nullptr when none can be used
    bool is_sdist = false;
    AbsenceKind kind = AbsenceKind::source_only;  ///< without a file: why
    std::string detail = {};  ///< without a file: half a sentence without a subject
    bool is_usable() const noexcept { return file != nullptr; }
    /// Only withdrawn files are left.
    bool is_yanked() const noexcept { return file != nullptr && file->yanked.has_value(); }
};

/// The versions of one project, whose files are judged when their version is looked at, because few
/// ever are. One thread.
class ProjectCandidates {
public:
    /// `project` may be null: unknown to every index.
    ProjectCandidates(const packaging::PackageName& name,
                      std::shared_ptr<const index::Project> project, const CandidateRules& rules);

    bool is_known() const noexcept { return project_ != nullptr; }
    const index::Project* project() const noexcept { return project_.get(); }
    /// Ascending.
    std::span<const packaging::Version> versions() const noexcept {
        return releases_ == nullptr ? std::span<const packaging::Version>() : releases_->versions();
    }
    const Candidate& candidate(std::size_t version);
    /// nullptr when there is no such version.
    const Candidate* find(const packaging::Version& version);

private:
    Candidate judge(std::span<const std::uint32_t> files) const;
    /// What wheels, none of them for the target, are for; nullopt where there are none.
    std::optional<Candidate> unfitting(std::span<const std::uint32_t> files) const;

    packaging::PackageName name_;
    std::shared_ptr<const index::Project> project_;
    const CandidateRules* rules_;
    const index::Releases* releases_ = nullptr;
    std::vector<std::optional<Candidate>> judged_;
};

}  // namespace envpack::env
