#include "envpack/wheel/install_plan.hpp"

#include "content_text.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/record.hpp"
#include "envpack/wheel/entry_point_script.hpp"
#include "envpack/wheel/shebang.hpp"
#include "record_check.hpp"
#include "record_path.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {
namespace {

using archive::PlannedEntry;

constexpr std::size_t longest_script = std::size_t{16} << 20;
constexpr std::string_view python_line = "#!python";
constexpr std::string_view data_suffix = ".data";

std::string_view first_segment(std::string_view path) noexcept {
    return path.substr(0, path.find('/'));
}

/// Collects the entries of one plan. One thread.
class Planner {
public:
    Planner(const WheelArchive& wheel, const InstallScheme& scheme, const InstallOptions& options)
        : wheel_(wheel),
          scheme_(scheme),
          options_(options),
          root_(wheel.wheel_metadata().root_is_purelib ? scheme.purelib : scheme.platlib),
          dist_info_(root_.join(wheel.dist_info())) {}

    Result<InstallPlan> run() && {
        ENVPACK_TRY(const std::vector<EntryPointScript> commands,
                    entry_point_scripts(wheel_.entry_points(), scheme_));
        for (const WheelFile& file : wheel_.files()) {
            ENVPACK_CHECK(place(file, commands));
        }
        for (const EntryPointScript& command : commands) {
            ENVPACK_CHECK(check_name(scheme_.scripts / command.name));
            entries_.push_back(
                archive::planned_text(scheme_.scripts / command.name, command.text, 0755));
        }
        add_installer_files();
        ENVPACK_TRY(entries_, archive::merge_entries(std::move(entries_)));
        add_record();
        ENVPACK_TRY(std::vector<StartupHook> hooks, startup_hooks(entries_, scheme_));
        if (left_out_ > 0) {
            notes_.push_back(
                fmt::format("{} byte-compiled files in __pycache__ are left out", left_out_));
        }
        return InstallPlan{.name = wheel_.name(),
                           .version = wheel_.version(),
                           .dist_info = std::move(dist_info_),
                           .entries = std::move(entries_),
                           .startup_hooks = std::move(hooks),
                           .notes = std::move(notes_)};
    }

private:
    Result<void> place(const WheelFile& file, const std::vector<EntryPointScript>& commands) {
        if (is_replaced(file.path) || is_cached_bytecode(file.path)) {
            return {};
        }
        ENVPACK_CHECK(check_name(file.path));
        const std::string_view top = first_segment(file.path.str());
        if (!top.ends_with(data_suffix) || top.size() == file.path.str().size()) {
            return keep(file, root_.join(file.path));
        }
        return place_data(file, top, commands);
    }

    // Files of the wheel in whose place the installer's own are written (PEP 376, PEP 610).
    bool is_replaced(const SafePath& path) {
        if (!path.is_below(wheel_.dist_info()) || path.parent() != wheel_.dist_info()) {
            return false;
        }
        const std::string_view name = path.name();
        if (name == "direct_url.json" || name == "REQUESTED") {
            notes_.push_back(fmt::format("the wheel's own {} is left out", name));
            return true;
        }
        return name == "RECORD" || name == "INSTALLER";
    }

    bool is_cached_bytecode(const SafePath& path) {
        const bool cached = path.str().ends_with(".pyc") && path.parent().name() == "__pycache__";
        left_out_ += cached ? 1 : 0;
        return cached;
    }

    static Result<void> check_name(const SafePath& path) {
        for (const std::string_view segment : text::split(path.str(), '/')) {
            if (segment.starts_with(".wh.")) {
                // image-spec, layer.md: such a name in a layer deletes a file of the base.
                return refuse("wheel.whiteout-name",
                              fmt::format("`{}` cannot be stored in an image layer", path.str()));
            }
        }
        return {};
    }

    // `name-version.data/<key>/<path>`: compared by whole segments (reliability.md, W3).
    Result<void> place_data(const WheelFile& file, std::string_view top,
                            const std::vector<EntryPointScript>& commands) {
        const std::string_view stem = wheel_.dist_info().str();
        const std::string_view own = stem.substr(0, stem.rfind('.'));
        if (top.substr(0, top.size() - data_suffix.size()) != own) {
            return refuse("wheel.data-scheme",
                          fmt::format("the folder `{}` is not this wheel's `{}.data`", top, own));
        }
        const std::string_view below = std::string_view(file.path.str()).substr(top.size() + 1);
        const std::string_view key = first_segment(below);
        if (key.size() == below.size()) {
            return refuse(
                "wheel.data-scheme",
                fmt::format("`{}` lies in no folder of an install scheme", file.path.str()));
        }
        ENVPACK_TRY(const SafePath rest, SafePath::parse(below.substr(key.size() + 1)));
        if (key == "purelib" || key == "platlib") {
            const std::string_view folder = first_segment(rest.str());
            if (text::to_lower(folder).ends_with(".dist-info") &&
                folder != wheel_.dist_info().str()) {
                return refuse(
                    "wheel.dist-info",
                    fmt::format("`{}` would install another distribution", file.path.str()));
            }
            return keep(file, (key == "purelib" ? scheme_.purelib : scheme_.platlib).join(rest));
        }
        if (key == "scripts") {
            return place_script(file, rest, commands);
        }
        if (key == "data") {
            return keep(file, scheme_.data.join(rest));
        }
        if (key == "headers") {
            return keep(file, (scheme_.headers / wheel_.name().str()).join(rest));
        }
        return refuse("wheel.data-scheme", fmt::format("`{}` names the unknown install scheme `{}`",
                                                       file.path.str(), key));
    }

    Result<void> place_script(const WheelFile& file, const SafePath& rest,
                              const std::vector<EntryPointScript>& commands) {
        if (std::ranges::find(commands, rest.str(), &EntryPointScript::name) != commands.end()) {
            return {};  // as in pip, the generated command wins
        }
        const SafePath target = scheme_.scripts.join(rest);
        ENVPACK_TRY(const std::string head, read_head(file.content, python_line.size()));
        if (head != python_line) {
            return keep(file, target, 0755);
        }
        ENVPACK_TRY(std::string script,
                    read_text(file.path, file.content, file.sha256, longest_script));
        ENVPACK_TRY(script, with_interpreter(std::move(script), scheme_.interpreter));
        entries_.push_back(archive::planned_text(target, std::move(script), 0755));
        return {};
    }

    Result<void> keep(const WheelFile& file, SafePath target) {
        return keep(file, std::move(target), file.executable ? 0755u : 0644u);
    }
    Result<void> keep(const WheelFile& file, SafePath target, std::uint32_t mode) {
        std::optional<Digest> digest = file.sha256;
        if (!digest) {  // RECORD has none, the new one will
            ENVPACK_TRY(digest, digest_of(file.path, file.content));
        }
        entries_.push_back(
            {.path = std::move(target), .mode = mode, .content = file.content, .sha256 = digest});
        return {};
    }

    void add_installer_files() {
        if (!options_.installer.empty()) {
            entries_.push_back(
                archive::planned_text(dist_info_ / "INSTALLER", options_.installer + "\n"));
        }
        if (options_.requested) {
            entries_.push_back(archive::planned_text(dist_info_ / "REQUESTED", ""));
        }
        if (options_.direct_url) {
            entries_.push_back(
                archive::planned_text(dist_info_ / "direct_url.json", *options_.direct_url));
        }
    }

    void add_record() {
        packaging::Record record;
        for (const PlannedEntry& entry : entries_) {
            record.rows.push_back({.path = record_path(root_, entry.path),
                                   .sha256 = entry.sha256,
                                   .size = entry.content.size()});
        }
        const SafePath path = dist_info_ / "RECORD";
        record.rows.push_back({.path = record_path(root_, path)});
        // The order of merge_entries(); nothing else can be there, place() left it out.
        const auto at = std::ranges::lower_bound(entries_, path, {}, &PlannedEntry::path);
        entries_.insert(at, archive::planned_text(path, record.to_string()));
    }

    const WheelArchive& wheel_;
    const InstallScheme& scheme_;
    const InstallOptions& options_;
    SafePath root_;  ///< what RECORD's paths are relative to
    SafePath dist_info_;
    std::vector<PlannedEntry> entries_;
    std::vector<std::string> notes_;
    std::size_t left_out_ = 0;
};

}  // namespace

Result<InstallPlan> plan_install(const WheelArchive& wheel, const InstallScheme& scheme,
                                 const InstallOptions& options) {
    return with_context(Planner(wheel, scheme, options).run(),
                        fmt::format("while planning the installation of {} {}", wheel.name().str(),
                                    wheel.version().to_string()));
}

}  // namespace envpack::wheel
