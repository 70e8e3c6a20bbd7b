#include "wheel_plan.hpp"

#include "build_records.hpp"
#include "envpack/wheel/install_plan.hpp"
#include "locked_wheels.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// Another number where plan_install() gives other files for the same wheel, or where the record
/// is written in another way.
constexpr std::uint32_t wheel_plan_format = 2;

/// The files of a plan, found when the first of them is wanted. Thread-safe.
class LaterPlan {
public:
    LaterPlan(std::function<Result<WheelPlan>()> open_again, SharedText record)
        : open_again_(std::move(open_again)), record_(std::move(record)) {}

    Result<archive::Content> content(std::size_t number) {
        const std::lock_guard lock(mutex_);
        if (!plan_) {
            ENVPACK_TRY(WheelPlan plan, open_again_());
            if (to_record(plan) != record_.view()) {
                return fail(Error(ErrorCode::io_error,
                                  fmt::format("the cache says something else of {} than the wheel",
                                              plan.files.title))
                                .with_hint("build with --no-cache"));
            }
            plan_ = std::move(plan);
        }
        return plan_->files.entries.at(number).content;
    }

private:
    std::mutex mutex_;
    std::function<Result<WheelPlan>()> open_again_;
    SharedText record_;
    std::optional<WheelPlan> plan_;
};

}  // namespace

Result<WheelPlan> plan_wheel(const env::LockedPackage& package, const BuiltWheel& file,
                             const std::filesystem::path& folder,
                             const wheel::InstallScheme& scheme) {
    const auto doing = fmt::format("while installing {}", file.filename);
    ENVPACK_TRY(const wheel::WheelArchive archive,
                with_context(wheel::WheelArchive::open_as(file.path, file.filename), doing));
    ENVPACK_CHECK(check_identity(package, archive));
    ENVPACK_TRY(const wheel::InstallOptions how, install_options_of(package, folder));
    ENVPACK_TRY(wheel::InstallPlan plan,
                with_context(wheel::plan_install(archive, scheme, how), doing));
    const std::string version = archive.version().to_string();
    StartupHooks hooks;
    add_hooks(plan.startup_hooks, archive.name().str(), version, "/", hooks);
    return WheelPlan{.files = {.title = fmt::format("{} {}", package.name.str(), version),
                               .entries = std::move(plan.entries),
                               .wheels = std::vector{file.sha256}},
                     .package = {.name = archive.name(), .version = version},
                     .notes = std::move(plan.notes),
                     .startup_hooks = std::move(hooks)};
}

Digest wheel_plan_key(const Digest& sha256, std::string_view filename,
                      const wheel::InstallScheme& scheme) {
    PackedWriter key = record_key(wheel_plans_kind, wheel_plan_format);
    key.digest(sha256);
    key.text(filename);
    for (const SafePath* path :
         {&scheme.purelib, &scheme.platlib, &scheme.scripts, &scheme.data, &scheme.headers}) {
        key.text(path->str());
    }
    key.text(scheme.interpreter);
    key.number(scheme.python_major);
    key.number(scheme.python_minor);
    return Digest::of(as_bytes(key.view()));
}

std::string to_record(const WheelPlan& plan) {
    PackedWriter record;
    record.text(plan.files.title);
    record.text(plan.package.name.str());
    record.text(plan.package.version);
    record.number(static_cast<std::uint32_t>(plan.notes.size()));
    for (const std::string& note : plan.notes) {
        record.text(note);
    }
    pack_hooks(record, plan.startup_hooks);
    record.number(static_cast<std::uint32_t>(plan.files.entries.size()));
    for (const archive::PlannedEntry& entry : plan.files.entries) {
        record.text(entry.path.str());
        record.number(entry.mode);
        record.number(entry.content.size());
        record.digest(entry.sha256.value_or(Digest()));  // plan_install(): every entry has one
    }
    return std::move(record).finish();
}

std::optional<WheelPlan> wheel_plan_from(SharedText record, const env::LockedPackage& package,
                                         const Digest& sha256,
                                         std::function<Result<WheelPlan>()> open_again) {
    PackedReader in(record.view());
    std::string title(in.text());
    auto name = packaging::PackageName::parse(in.text());
    std::string version(in.text());
    if (!name || *name != package.name) {
        return std::nullopt;
    }
    if (package.version) {
        const auto parsed = packaging::Version::parse(version);
        if (!parsed || *parsed != *package.version) {
            return std::nullopt;
        }
    }
    WheelPlan plan{.files = {.title = std::move(title), .wheels = std::vector{sha256}},
                   .package = {.name = *std::move(name), .version = std::move(version)},
                   .notes = {}};
    for (auto count = in.number<std::uint32_t>(); in.ok() && count > 0; --count) {
        plan.notes.emplace_back(in.text());
    }
    plan.startup_hooks = unpack_hooks(in);
    const auto files = in.number<std::uint32_t>();
    if (!in.ok() || files > in.left() / Digest::size) {
        return std::nullopt;
    }
    std::vector<archive::PlannedEntry>& entries = plan.files.entries;
    entries.reserve(files);
    const auto later = std::make_shared<LaterPlan>(std::move(open_again), record);
    const auto finder = std::make_shared<const archive::Content::Finder>(
        [later](std::size_t number) { return later->content(number); });
    for (std::uint32_t i = 0; i < files && in.ok(); ++i) {
        Result<SafePath> path = SafePath::parse(in.text());
        const auto mode = in.number<std::uint32_t>();
        const auto size = in.number<std::uint64_t>();
        if (!path) {
            return std::nullopt;
        }
        entries.push_back({.path = *std::move(path),
                           .mode = mode,
                           .content = archive::Content::of_later(finder, i, size),
                           .sha256 = in.digest()});
    }
    return in.ok() && in.at_end() ? std::optional(std::move(plan)) : std::nullopt;
}

}  // namespace envpack::pipeline
