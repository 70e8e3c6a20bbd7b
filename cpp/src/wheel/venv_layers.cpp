#include "envpack/wheel/venv_layers.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/record.hpp"
#include "envpack/wheel/wheel_archive.hpp"
#include "venv_files.hpp"
#include "venv_move.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {
namespace {

// `…/site-packages/x-1.0.dist-info` of a path below it.
std::optional<SafePath> dist_info_of(const SafePath& path) {
    SafePath child = path;
    for (SafePath at = path.parent(); !at.is_root(); at = at.parent()) {
        if (at.name() == "site-packages" && child != path &&
            child.name().ends_with(dist_info_suffix)) {
            return child;
        }
        child = at;
    }
    return std::nullopt;
}

bool is_cached_bytecode(const SafePath& path) {
    return path.parent().name() == "__pycache__";
}

struct Group {
    SafePath dist_info;  ///< relative to the environment
    DistributionFiles files = {};
    std::optional<std::size_t> record_file = std::nullopt;
    packaging::Record record = {};
    bool has_record = false;
    bool is_of_base = false;  ///< left out
};

/// Deals the files of an environment out to its distributions. One thread.
class Splitter {
public:
    Splitter(const archive::DiskTree& tree, const VenvMove& move, std::vector<VenvFile> files,
             const std::set<packaging::PackageName>& of_base)
        : tree_(tree),
          move_(move),
          files_(std::move(files)),
          of_base_(of_base),
          owner_(files_.size()) {}

    Result<std::vector<DistributionFiles>> run(const Limits& limits) && {
        find_distributions();
        for (std::size_t index = 0; index < groups_.size(); ++index) {
            ENVPACK_CHECK(read_record(groups_[index], limits));
        }
        // What a distribution of the base shares with another one stays with that.
        for (const bool is_of_base : {false, true}) {
            for (std::size_t index = 0; index < groups_.size(); ++index) {
                if (groups_[index].is_of_base == is_of_base) {
                    ENVPACK_CHECK(claim(index));
                }
            }
        }
        for (Group& group : groups_) {
            write_record(group);
        }
        return collect();
    }

private:
    void find_distributions() {
        std::map<SafePath, std::vector<std::size_t>> folders;
        for (std::size_t index = 0; index < files_.size(); ++index) {
            if (const auto folder = dist_info_of(files_[index].path)) {
                folders[*folder].push_back(index);
            }
        }
        for (const auto& [folder, members] : folders) {
            const std::string_view name = folder.name();
            const std::string_view stem = name.substr(0, name.size() - dist_info_suffix.size());
            const std::size_t dash = stem.find('-');
            const auto project = packaging::PackageName::parse(stem.substr(0, dash));
            if (!project) {
                rest_.notes.push_back(
                    fmt::format("the folder `{}` names no distribution", folder.str()));
                continue;
            }
            groups_.push_back({.dist_info = folder, .is_of_base = of_base_.contains(*project)});
            groups_.back().files.name = project->str();
            if (dash != std::string_view::npos) {
                groups_.back().files.version = stem.substr(dash + 1);
            }
        }
        std::ranges::sort(groups_, {}, [](const Group& group) {
            return std::tie(group.files.name, group.files.version, group.dist_info);
        });
        for (std::size_t group = 0; group < groups_.size(); ++group) {
            for (const std::size_t index : folders[groups_[group].dist_info]) {
                owner_[index] = group;
                if (files_[index].path == groups_[group].dist_info / "RECORD" &&
                    files_[index].entry.type == archive::FileType::regular) {
                    groups_[group].record_file = index;
                }
            }
        }
    }

    Result<void> read_record(Group& group, const Limits& limits) {
        if (!group.record_file) {
            group.files.notes.emplace_back("has no RECORD: its files are in the last group");
            return {};
        }
        ENVPACK_TRY(const std::string text,
                    archive::read_file(tree_, files_[*group.record_file].path, limits.max_record));
        auto record = packaging::Record::read(text, limits);
        if (!record) {
            group.files.notes.push_back(
                fmt::format("RECORD cannot be read ({}): its files are in the last group",
                            record.error().message()));
            return {};
        }
        group.record = *std::move(record);
        group.has_record = true;
        return {};
    }

    std::optional<std::size_t> find(const SafePath& path) const {
        const auto found = std::ranges::lower_bound(files_, path, {}, &VenvFile::path);
        return found != files_.end() && found->path == path
                   ? std::optional(static_cast<std::size_t>(found - files_.begin()))
                   : std::nullopt;
    }

    // The file that a row describes; nullopt when it is not there or not in the environment.
    Result<std::optional<std::size_t>> file_of(const Group& group,
                                               const packaging::RecordRow& row) const {
        std::optional<SafePath> path;
        if (row.path.starts_with('/')) {
            path = move_.relative(row.path);
        } else if (auto joined =
                       SafePath::normalize(group.dist_info.parent().str() + "/" + row.path)) {
            path = *std::move(joined);
        }
        if (!path) {
            return std::optional<std::size_t>();
        }
        if (const auto found = find(*path)) {
            return std::optional(found);
        }
        if (is_cached_bytecode(*path)) {
            return std::optional<std::size_t>();
        }
        // Perhaps by way of a link: lib64/python3.11/… where lib64 is a link to lib.
        ENVPACK_TRY(const std::optional<SafePath> real, archive::resolve(tree_, *path));
        return real ? find(*real) : std::nullopt;
    }

    Result<void> claim(std::size_t number) {
        Group& group = groups_[number];
        std::vector<packaging::RecordRow> kept;
        std::size_t missing = 0;
        for (packaging::RecordRow& row : group.record.rows) {
            ENVPACK_TRY(const std::optional<std::size_t> index, file_of(group, row));
            if (!index) {
                missing += row.path.ends_with(".pyc") ? 0 : 1;  // left out by us
                continue;
            }
            VenvFile& file = files_[*index];
            if (file.left_out) {
                continue;
            }
            if (!owner_[*index]) {
                owner_[*index] = number;
            } else if (*owner_[*index] != number) {
                group.files.notes.push_back(fmt::format("`{}` also belongs to {}", file.path.str(),
                                                        groups_[*owner_[*index]].files.name));
            }
            if (row.path.starts_with('/')) {
                row.path = "/" + file.entry.path.str();
            }
            if (file.entry.type == archive::FileType::regular && *index != group.record_file) {
                row.sha256 = file.entry.sha256;
                row.size = file.entry.content.size();
                row.other_hash = false;
            }
            kept.push_back(std::move(row));
        }
        group.record.rows = std::move(kept);
        if (missing > 0) {
            group.files.notes.push_back(
                fmt::format("{} files that RECORD lists are not in the environment", missing));
        }
        return {};
    }

    void write_record(Group& group) {
        if (!group.has_record) {
            return;
        }
        archive::PlannedEntry& entry = files_[*group.record_file].entry;
        std::string text = group.record.to_string();
        entry.sha256 = Digest::of(as_bytes(text));
        entry.content = archive::Content::of_text(std::move(text));
    }

    std::vector<DistributionFiles> collect() {
        // files_ is sorted, so every group is.
        for (std::size_t index = 0; index < files_.size(); ++index) {
            VenvFile& file = files_[index];
            DistributionFiles& group = owner_[index] ? groups_[*owner_[index]].files : rest_;
            group.notes.insert(group.notes.end(), file.notes.begin(), file.notes.end());
            const bool is_of_base = owner_[index] && groups_[*owner_[index]].is_of_base;
            if (!file.left_out && !is_of_base) {
                group.entries.push_back(std::move(file.entry));
            }
        }
        std::vector<DistributionFiles> result;
        result.reserve(groups_.size() + 1);
        for (Group& group : groups_) {
            if (!group.is_of_base) {
                result.push_back(std::move(group.files));
            }
        }
        result.push_back(std::move(rest_));
        return result;
    }

    const archive::DiskTree& tree_;
    const VenvMove& move_;
    std::vector<VenvFile> files_;  ///< sorted by path
    const std::set<packaging::PackageName>& of_base_;
    std::vector<std::optional<std::size_t>> owner_;  ///< index into groups_, for each file
    std::vector<Group> groups_;                      ///< by name
    DistributionFiles rest_;
};

}  // namespace

Result<std::vector<DistributionFiles>> split_venv(const std::filesystem::path& venv,
                                                  const SafePath& prefix,
                                                  const std::string& interpreter,
                                                  const SplitOptions& options,
                                                  const RunContext& run, const Limits& limits) {
    if (prefix.is_root()) {
        return fail(ErrorCode::invalid_argument,
                    "the root of an image cannot be a virtual environment");
    }
    const archive::DiskTree tree(venv);
    const auto split = [&]() -> Result<std::vector<DistributionFiles>> {
        ENVPACK_TRY(VenvMove move, VenvMove::find(tree, prefix, interpreter, limits));
        if (!options.of_base.empty()) {
            move.see_base_packages();
        }
        ENVPACK_TRY(std::vector<VenvFile> files, read_venv(tree, move, options.tests, run, limits));
        return Splitter(tree, move, std::move(files), options.of_base).run(limits);
    };
    return with_context(split(),
                        fmt::format("while reading the virtual environment `{}`", venv.string()));
}

}  // namespace envpack::wheel
