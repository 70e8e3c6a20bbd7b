#include "install_place.hpp"

#include "envpack/base/file.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/wheel/venv.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view environment_file = "pyvenv.cfg";
constexpr std::string_view interpreter_link = "bin/python";

Result<env::Inventory> inventory_at(const std::string& source, env::InventoryDetail detail,
                                    const UserConfig& user, const RunContext& run) {
    return freeze({.source = source, .detail = detail}, user, run);
}

std::string absolute(const SafePath& path) {
    return "/" + path.str();
}

bool is_file(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

/// A virtual environment that is not there yet, and the Python it will have.
Result<InstallPlace> new_place(const fs::path& prefix, const InstallOptions& options,
                               const UserConfig& user, const RunContext& run) {
    const std::string asked = options.python ? "python:" + *options.python : ".";
    ENVPACK_TRY(env::Inventory base, inventory_at(asked, env::InventoryDetail::none, user, run));
    if (options.system_site_packages) {
        // Of the base Python: the packages of an environment are not seen from another one.
        ENVPACK_TRY(base, inventory_at("python:" + absolute(base.python.executable),
                                       env::InventoryDetail::sources, user, run));
    }
    const env::Interpreter& python = base.python;
    ENVPACK_TRY(const SafePath place, SafePath::normalize(prefix.string()));
    ENVPACK_TRY(std::vector<archive::PlannedEntry> entries,
                wheel::plan_venv({.prefix = place,
                                  .base_interpreter = absolute(python.executable),
                                  .python_version = python.full_version,
                                  .system_site_packages = options.system_site_packages}));
    InstallPlace result{.prefix = prefix, .is_new = true};
    for (archive::PlannedEntry& entry : entries) {
        if (entry.path.is_below(place)) {
            ENVPACK_TRY(
                entry.path,
                SafePath::parse(std::string_view(entry.path.str()).substr(place.str().size() + 1)));
            result.own.push_back(std::move(entry));
        }
    }
    // This one first and the interpreter last: an environment without it is to be finished.
    const auto rank = [](const archive::PlannedEntry& entry) {
        return entry.path.str() == environment_file   ? 0
               : entry.path.str() == interpreter_link ? 2
                                                      : 1;
    };
    std::ranges::stable_sort(result.own, {}, rank);
    result.scheme = wheel::prefix_scheme((prefix / "bin" / "python").string(),
                                         python.library_name(), true, python.major, python.minor);
    result.inventory = std::move(base);
    return result;
}

Error no_environment(const fs::path& prefix, std::string_view what) {
    return Error(ErrorCode::invalid_argument, fmt::format("`{}` {}", prefix.string(), what))
        .with_path(prefix.string())
        .with_rule("install.no-environment")
        .with_hint(
            "name a folder that does not exist yet, and a virtual environment is made there");
}

/// A Python outside of a virtual environment: only one whose packages are its own to manage.
Result<void> check_plain_prefix(const fs::path& prefix, const env::Interpreter& python) {
    const fs::path library = prefix / "lib" / python.library_name();
    if (is_file(library / "EXTERNALLY-MANAGED")) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("the packages of `{}` are managed by the system (PEP 668)",
                                      prefix.string()))
                        .with_path(prefix.string())
                        .with_rule("install.externally-managed")
                        .with_hint("install into a virtual environment: --prefix DIR makes one"));
    }
    if (!is_file(library / "site-packages")) {
        return fail(no_environment(
            prefix, fmt::format("has no lib/{}/site-packages", python.library_name())));
    }
    return {};
}

}  // namespace

std::optional<SafePath> InstallPlace::own_path(const env::FrozenPackage& package) const {
    const std::string place = prefix.string().substr(1) + "/";
    if (!package.location.starts_with(place)) {
        return std::nullopt;
    }
    auto path = SafePath::parse(std::string_view(package.location).substr(place.size()));
    return path ? std::optional(*std::move(path)) : std::nullopt;
}

Result<fs::path> real_prefix(const fs::path& prefix) {
    if (prefix.empty()) {
        return fail(Error(ErrorCode::invalid_argument, "no prefix to install into")
                        .with_hint("give --prefix DIR"));
    }
    ENVPACK_TRY(const fs::path path, absolute_path(prefix));
    std::error_code error;
    fs::path real = fs::weakly_canonical(path, error);
    if (error) {
        return fail(os_failure("find", path.string(), error.value()));
    }
    if (real == real.root_path()) {
        return fail(no_environment(real, "is no environment"));
    }
    return real;
}

Result<InstallPlace> open_install_place(const fs::path& prefix, bool is_empty,
                                        const InstallOptions& options, const UserConfig& user,
                                        const RunContext& run) {
    const bool is_unfinished =
        is_file(prefix / environment_file) && !is_file(prefix / interpreter_link);
    if (is_empty || is_unfinished) {
        return new_place(prefix, options, user, run);
    }
    Result<env::Inventory> found =
        inventory_at("python:" + prefix.string(), env::InventoryDetail::sources, user, run);
    if (!found) {
        if (found.error().code() == ErrorCode::not_found) {
            return fail(no_environment(prefix, "is neither empty nor an environment"));
        }
        return fail(std::move(found).error());
    }
    const env::Interpreter& python = found->python;
    if (absolute(python.prefix) != prefix.string()) {
        return fail(no_environment(
            prefix, fmt::format("is no environment of its own: its Python is that of `{}`",
                                absolute(python.prefix))));
    }
    if (!python.is_venv) {
        ENVPACK_CHECK(check_plain_prefix(prefix, python));
    }
    const fs::path usual = prefix / "bin" / "python";
    InstallPlace result{.prefix = prefix};
    result.scheme =
        wheel::prefix_scheme(is_file(usual) ? usual.string() : absolute(python.invoked),
                             python.library_name(), python.is_venv, python.major, python.minor);
    result.inventory = *std::move(found);
    return result;
}

}  // namespace envpack::pipeline
