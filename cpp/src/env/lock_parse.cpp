#include "envpack/base/text.hpp"
#include "envpack/base/toml.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/specifier_set.hpp"
#include "lock_source.hpp"
#include "lock_table.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace envpack::env {
namespace {

Error no_value(const LockTable& table, std::string_view key, const Error& cause) {
    return Error(ErrorCode::parse_error,
                 "`" + table.name(key) + "` of the lock: " + std::string(cause.message()))
        .with_rule("lock.value");
}

Result<void> check_version(const LockTable& lock) {
    ENVPACK_TRY(const std::string text, lock.required_text("lock-version"));
    const auto version = packaging::Version::parse(text);
    if (!version || version->epoch() != 0 || version->major() != 1) {
        return fail(Error(ErrorCode::unsupported, "the lock has version `" + text::printable(text) +
                                                      "`, envpack reads versions 1.x")
                        .with_rule("lock.version"));
    }
    return {};
}

Result<std::string> read_specifier(const LockTable& table) {
    ENVPACK_TRY(std::string text, table.text("requires-python"));
    if (const auto set = packaging::SpecifierSet::parse(text); !set) {
        return fail(no_value(table, "requires-python", set.error()));
    }
    return text;
}

Result<void> check_marker(const LockTable& table, std::string_view key, const std::string& text) {
    if (const auto marker = packaging::Marker::parse(text); !marker) {
        return fail(no_value(table, key, marker.error()));
    }
    return {};
}

Result<packaging::PackageName> read_name(const LockTable& table) {
    ENVPACK_TRY(const std::string text, table.required_text("name"));
    auto name = packaging::PackageName::parse(text);
    if (!name) {
        return fail(no_value(table, "name", name.error()));
    }
    return name;
}

Result<LockedPackage> read_package(const LockTable& table, const Limits& limits) {
    ENVPACK_TRY(auto name, read_name(table));
    LockedPackage package{.name = std::move(name)};
    ENVPACK_TRY(const std::string version, table.text("version"));
    if (!version.empty()) {
        auto parsed = packaging::Version::parse(version);
        if (!parsed) {
            return fail(no_value(table, "version", parsed.error()));
        }
        package.version = *std::move(parsed);
    }
    ENVPACK_TRY(package.requires_python, read_specifier(table));
    ENVPACK_TRY(package.marker, table.text("marker"));
    if (!package.marker.empty()) {
        ENVPACK_CHECK(check_marker(table, "marker", package.marker));
    }
    ENVPACK_TRY(const auto dependencies, table.tables("dependencies"));
    std::set<packaging::PackageName> names;
    for (const LockTable& dependency : dependencies) {
        ENVPACK_TRY(auto dependency_name, read_name(dependency));
        names.insert(std::move(dependency_name));
    }
    package.dependencies.assign(names.begin(), names.end());
    ENVPACK_TRY(package.index, table.text("index"));
    ENVPACK_CHECK(read_sources(table, package, limits));
    ENVPACK_TRY(const auto tools, table.table("tool"));
    if (tools && tools->has("envpack")) {
        ENVPACK_TRY(const auto own, tools->table("envpack"));
        ENVPACK_TRY(const auto provided, own->texts("uses-provided"));
        for (const std::string& text : provided) {
            auto used = packaging::PackageName::parse(text);
            if (!used) {
                return fail(no_value(*own, "uses-provided", used.error()));
            }
            package.uses_provided.push_back(*std::move(used));
        }
    }
    return package;
}

/// Name = "version" of the base's.
Result<std::vector<ProvidedPackage>> read_base_packages(const LockTable& table,
                                                        std::string_view key) {
    std::vector<ProvidedPackage> packages;
    ENVPACK_TRY(const auto own, table.table(key));
    if (!own) {
        return packages;
    }
    ENVPACK_TRY(auto members, own->text_members());
    for (auto& [text, version] : members) {
        auto name = packaging::PackageName::parse(text);
        if (!name) {
            return fail(no_value(*own, text, name.error()));
        }
        packages.push_back({*std::move(name), std::move(version)});
    }
    return packages;
}

Result<LockOrigin> read_origin(const LockTable& table) {
    LockOrigin origin;
    ENVPACK_TRY(origin.requirements, table.texts("requirements"));
    ENVPACK_TRY(origin.exclude_newer, table.text("exclude-newer"));
    ENVPACK_TRY(const auto base, table.table("base"));
    if (base) {
        ENVPACK_TRY(origin.base, base->text("source"));
        ENVPACK_TRY(origin.base_digest, base->text("digest"));
    }
    ENVPACK_TRY(const auto target, table.table("target"));
    if (target) {
        ENVPACK_TRY(origin.implementation, target->required_text("implementation"));
        ENVPACK_TRY(origin.python, target->text("python"));
        ENVPACK_TRY(origin.machine, target->text("machine"));
        ENVPACK_TRY(origin.libc, target->text("libc"));
    }
    ENVPACK_TRY(origin.provided, read_base_packages(table, "provided"));
    ENVPACK_TRY(origin.replaced, read_base_packages(table, "replaced"));
    ENVPACK_TRY(const auto shadowed, table.texts("shadowed"));
    for (const std::string& text : shadowed) {
        auto name = packaging::PackageName::parse(text);
        if (!name) {
            return fail(no_value(table, "shadowed", name.error()));
        }
        origin.shadowed.push_back(*std::move(name));
    }
    ENVPACK_TRY(const auto relaxed, table.tables("relaxed"));
    for (const LockTable& entry : relaxed) {
        ENVPACK_TRY(auto name, read_name(entry));
        RelaxedPin pin{.name = std::move(name), .pin = {}, .because = {}};
        ENVPACK_TRY(pin.pin, entry.text("pin"));
        ENVPACK_TRY(pin.because, entry.text("because"));
        origin.relaxed.push_back(std::move(pin));
    }
    ENVPACK_TRY(const auto cuda, table.table("cuda"));
    if (cuda) {
        LockedTorchIndex index;
        ENVPACK_TRY(index.suffix, cuda->text("suffix"));
        ENVPACK_TRY(index.url, cuda->text("index"));
        ENVPACK_TRY(index.reason, cuda->text("reason"));
        ENVPACK_TRY(index.dropped, cuda->texts("dropped"));
        origin.torch_index = std::move(index);
    }
    ENVPACK_TRY(const auto cuda_packages, table.tables("cuda-packages"));
    for (const LockTable& entry : cuda_packages) {
        ENVPACK_TRY(auto name, read_name(entry));
        LockedCudaPackage package{.name = std::move(name)};
        ENVPACK_TRY(package.requirement, entry.text("requirement"));
        ENVPACK_TRY(package.limits, entry.texts("limits"));
        ENVPACK_TRY(package.index, entry.text("index"));
        ENVPACK_TRY(package.reason, entry.text("reason"));
        ENVPACK_TRY(package.dropped, entry.texts("dropped"));
        origin.cuda_packages.push_back(std::move(package));
    }
    ENVPACK_TRY(const auto forced, table.tables("forced"));
    for (const LockTable& entry : forced) {
        ENVPACK_TRY(auto name, read_name(entry));
        ForcedVersion version{.name = std::move(name), .from = {}, .to = {}, .by = {}};
        ENVPACK_TRY(version.from, entry.text("from"));
        ENVPACK_TRY(version.to, entry.text("to"));
        ENVPACK_TRY(version.by, entry.text("by"));
        origin.forced.push_back(std::move(version));
    }
    return origin;
}

Result<Lock> read_lock(const LockTable& table, const Limits& limits) {
    ENVPACK_CHECK(check_version(table));
    Lock lock;
    ENVPACK_TRY(lock.environments, table.texts("environments"));
    for (const std::string& marker : lock.environments) {
        ENVPACK_CHECK(check_marker(table, "environments", marker));
    }
    ENVPACK_TRY(lock.requires_python, read_specifier(table));
    ENVPACK_TRY(lock.extras, table.texts("extras"));
    ENVPACK_TRY(lock.dependency_groups, table.texts("dependency-groups"));
    ENVPACK_TRY(lock.default_groups, table.texts("default-groups"));
    ENVPACK_TRY(lock.created_by, table.required_text("created-by"));
    if (!table.has("packages")) {
        return fail(table.missing("packages"));
    }
    ENVPACK_TRY(const auto packages, table.tables("packages"));
    for (const LockTable& entry : packages) {
        ENVPACK_TRY(LockedPackage package, read_package(entry, limits));
        lock.packages.push_back(std::move(package));
    }
    ENVPACK_TRY(const auto tools, table.table("tool"));
    if (tools && tools->has("envpack")) {
        ENVPACK_TRY(const auto own, tools->table("envpack"));
        ENVPACK_TRY(lock.origin, read_origin(*own));
    }
    return lock;
}

}  // namespace

Result<Lock> Lock::parse(std::string_view toml, const Limits& limits) {
    if (toml.size() > limits.max_text) {
        return fail(Error(ErrorCode::limit_exceeded, "the lock is too long"));
    }
    ENVPACK_TRY(const json::Value document, toml::parse(toml, limits.max_depth));
    return read_lock(LockTable(document, ""), limits);
}

std::optional<std::string> normalize_upload_time(std::string_view text) {
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    if (text.size() <= shape.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const char c = text[i];
        const bool fits = shape[i] == '0'   ? c >= '0' && c <= '9'
                          : shape[i] == 'T' ? c == 'T' || c == 't' || c == ' '
                                            : c == shape[i];
        if (!fits) {
            return std::nullopt;
        }
    }
    constexpr std::array<std::pair<std::size_t, int>, 5> bounds = {
        {{5, 12}, {8, 31}, {11, 23}, {14, 59}, {17, 59}}};
    for (const auto& [at, highest] : bounds) {
        const int value = (text[at] - '0') * 10 + (text[at + 1] - '0');
        if (value > highest || (at < 11 && value == 0)) {
            return std::nullopt;
        }
    }
    std::string time(text.substr(0, shape.size()));
    time[10] = 'T';
    std::string_view rest = text.substr(shape.size());
    if (rest.starts_with('.')) {
        const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
        // TOML promises milliseconds and cuts the rest; every reader we know keeps nanoseconds.
        std::string_view fraction = rest.substr(0, std::min<std::size_t>(end, 10));
        fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
        if (fraction.size() > 1) {
            time += fraction;
        }
        rest.remove_prefix(end);
    }
    if (rest != "Z" && rest != "z" && rest != "+00:00") {
        return std::nullopt;
    }
    return time + 'Z';
}

bool is_lock_file_name(std::string_view name) noexcept {
    constexpr std::string_view front = "pylock.";
    constexpr std::string_view back = ".toml";
    if (name == "pylock.toml") {
        return true;
    }
    if (name.size() <= front.size() + back.size() || !name.starts_with(front) ||
        !name.ends_with(back)) {
        return false;
    }
    const std::string_view middle =
        name.substr(front.size(), name.size() - front.size() - back.size());
    return middle.find_first_of("./") == std::string_view::npos;
}

}  // namespace envpack::env
