#include "envpack/env/compare_constraints.hpp"

#include "envpack/base/text.hpp"
#include "envpack/base/toml.hpp"
#include "envpack/env/target_environment.hpp"
#include "envpack/index/pip_config.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace envpack::env {
namespace {

constexpr std::size_t max_file = 4u << 20;
constexpr std::string_view uv_config = "/etc/uv/uv.toml";

std::string variable(const Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

Result<std::optional<std::string>> read_text(const archive::FileTree& tree, std::string_view path) {
    const auto safe = SafePath::normalize(path);
    if (!safe) {
        return std::optional<std::string>();
    }
    return read_if_there(tree, *safe, max_file);
}

class Comparison {
public:
    Comparison(Inventory& inventory, const archive::FileTree& tree, const Environment& environment)
        : inventory_(inventory),
          tree_(tree),
          environment_(environment),
          markers_(marker_environment(inventory.python)) {}

    Result<void> run() {
        for (const std::string& path : paths_of_pip()) {
            ENVPACK_CHECK(compare_file(path, "pip"));
        }
        const std::string of_uv = variable(environment_, "UV_CONSTRAINT");
        for (const std::string_view path : text::words(of_uv)) {
            ENVPACK_CHECK(compare_file(std::string(path), "uv"));
        }
        return compare_uv_config();
    }

private:
    void problem(const std::string& path, std::string_view what) {
        inventory_.problems.push_back(
            {"constraint-file", '`' + text::printable(path) + "` " + text::printable(what, 1000)});
    }

    std::vector<std::string> paths_of_pip() {
        index::PipEnvironment seen{.prefix = '/' + inventory_.python.prefix.str(),
                                   .read = [this](const std::filesystem::path& path) {
                                       return read_text(tree_, path.string());
                                   }};
        for (const auto& [name, value] : environment_) {
            seen.variables.emplace(name, value);
        }
        const auto config = index::read_pip_config(seen);
        if (!config) {
            problem("pip.conf", "cannot be read: " + std::string(config.error().message()));
            const std::string named = variable(environment_, "PIP_CONSTRAINT");
            const std::vector<std::string_view> paths = text::words(named);
            return {paths.begin(), paths.end()};
        }
        return config->constraints;
    }

    Result<void> compare_file(const std::string& path, std::string_view origin) {
        if (!seen_.insert(path).second) {
            return {};
        }
        if (path.find("://") != std::string::npos) {
            problem(text::redact_url(path), "is not read: it is not in the base");
            return {};
        }
        ENVPACK_TRY(const auto content, read_text(tree_, path));
        if (!content) {
            problem(path, "is named as a constraints file and does not exist");
            return {};
        }
        const packaging::RequirementsFile::Reading reading{
            .is_constraints = true,
            .load = [this](std::string_view included) -> Result<std::string> {
                ENVPACK_TRY(auto found, read_text(tree_, included));
                if (!found) {
                    return fail(ErrorCode::not_found,
                                '`' + text::printable(included) + "` does not exist");
                }
                return *std::move(found);
            },
            .variable = [this](std::string_view name) -> std::optional<std::string> {
                std::string value = variable(environment_, name);
                return value.empty() ? std::nullopt : std::optional(std::move(value));
            }};
        const auto file = packaging::RequirementsFile::parse(*content, path, reading);
        if (!file) {
            problem(path, "cannot be read: " + std::string(file.error().message()));
            return {};
        }
        std::vector<packaging::Requirement> requirements;
        for (const packaging::RequirementLine& line : file->constraints) {
            if (line.requirement) {
                requirements.push_back(*line.requirement);
            }
        }
        add(path, origin, requirements);
        return {};
    }

    Result<void> compare_uv_config() {
        ENVPACK_TRY(const auto content, read_text(tree_, uv_config));
        if (!content) {
            return {};
        }
        const auto config = toml::parse(*content);
        if (!config) {
            problem(std::string(uv_config),
                    "cannot be read: " + std::string(config.error().message()));
            return {};
        }
        const json::Value* const list = config->find("constraint-dependencies");
        if (list == nullptr || list->as_array() == nullptr) {
            return {};
        }
        std::vector<packaging::Requirement> requirements;
        for (const json::Value& item : *list->as_array()) {
            const auto requirement =
                packaging::Requirement::parse(item.as_string() == nullptr ? "" : *item.as_string());
            if (requirement) {
                requirements.push_back(*requirement);
            } else {
                problem(std::string(uv_config), requirement.error().message());
            }
        }
        add(std::string(uv_config), "uv", requirements);
        return {};
    }

    void add(const std::string& path, std::string_view origin,
             const std::vector<packaging::Requirement>& requirements) {
        ConstraintFile file{.path = path, .origin = std::string(origin)};
        std::set<packaging::PackageName> named;
        for (const packaging::Requirement& requirement : requirements) {
            if (requirement.marker && !requirement.marker->evaluate(markers_)) {
                continue;
            }
            named.insert(requirement.name);
            const FrozenPackage* const package = inventory_.find(requirement.name);
            if (package == nullptr) {
                file.only_in_file.push_back({requirement.name, requirement.to_string()});
            } else if (fits(*package, requirement)) {
                file.same.push_back(requirement.name);
            } else {
                file.different.push_back(
                    {requirement.name, package->raw_version, requirement.to_string()});
                inventory_.problems.push_back(
                    {"constraint-differs",
                     '`' + text::printable(path) + "` wants " + requirement.to_string() + ", but " +
                         requirement.name.to_string() + ' ' +
                         text::printable(package->raw_version) + " is installed"});
            }
        }
        for (const FrozenPackage& package : inventory_.packages) {
            if (!named.contains(package.name)) {
                file.only_installed.push_back(package.name);
            }
        }
        inventory_.constraint_files.push_back(std::move(file));
    }

    static bool fits(const FrozenPackage& package, const packaging::Requirement& requirement) {
        if (!requirement.url.empty()) {
            return package.direct_url &&
                   package.direct_url->to_requirement_url() == requirement.url;
        }
        return package.version ? requirement.specifiers.contains(*package.version, true, true)
                               : requirement.specifiers.contains(package.raw_version, true, true);
    }

    Inventory& inventory_;
    const archive::FileTree& tree_;
    const Environment& environment_;
    packaging::MarkerEnvironment markers_;
    std::set<std::string> seen_;
};

}  // namespace

std::vector<std::string> constraint_paths(const Environment& environment) {
    std::vector<std::string> paths;
    for (const char* const name : {"PIP_CONSTRAINT", "UV_CONSTRAINT"}) {
        const std::string value = variable(environment, name);
        for (const std::string_view path : text::words(value)) {
            paths.emplace_back(path);
        }
    }
    return paths;
}

Result<void> compare_constraint_files(Inventory& inventory, const archive::FileTree& tree,
                                      const Environment& environment) {
    return Comparison(inventory, tree, environment).run();
}

}  // namespace envpack::env
