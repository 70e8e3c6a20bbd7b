#pragma once

#include "envpack/base/text.hpp"
#include "envpack/env/package_provider.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/packaging/tag.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::support {

/// One version of a project, with all that a test may want to say about it.
struct Release {
    std::vector<std::string> requires_dist = {};
    std::vector<std::string> extras = {};
    std::string requires_python = {};
    std::optional<std::string> yanked = std::nullopt;
    std::vector<std::string> wheel_tags = {"py3-none-any"};  ///< one wheel each
    bool sdist = false;
    std::string upload_time = {};
};

/// An index in memory in which source distributions, too, have metadata. Counts what it is asked.
class UniverseIndex final : public index::PackageIndex {
public:
    UniverseIndex& add(std::string_view name, std::string_view version, Release release = {}) {
        const auto parsed = packaging::PackageName::parse(name).value();
        auto& project = projects_.try_emplace(parsed, index::Project{parsed}).first->second;
        project.index_url = "https://index.example/simple/" + parsed.to_string() + "/";
        std::string text = "Metadata-Version: 2.1\nName: " + std::string(name) +
                           "\nVersion: " + std::string(version) + "\n";
        for (const std::string& requirement : release.requires_dist) {
            text += "Requires-Dist: " + requirement + "\n";
        }
        for (const std::string& extra : release.extras) {
            text += "Provides-Extra: " + extra + "\n";
        }
        if (!release.requires_python.empty()) {
            text += "Requires-Python: " + release.requires_python + "\n";
        }
        std::vector<std::string> filenames;
        const std::string stem = parsed.escaped() + "-" + std::string(version);
        for (const std::string& tags : release.wheel_tags) {
            filenames.push_back(stem + "-" + tags + ".whl");
        }
        if (release.sdist) {
            filenames.push_back(stem + ".tar.gz");
        }
        for (std::string& filename : filenames) {
            index::DistFile file{std::move(filename), {}};
            file.url = "https://files.index.example/" + file.filename;
            if (!release.requires_python.empty()) {
                file.requires_python =
                    packaging::SpecifierSet::parse(release.requires_python).value();
            }
            file.yanked = release.yanked;
            if (!release.upload_time.empty()) {
                file.upload_time = release.upload_time;
            }
            metadata_[file.url] = text;
            std::vector<index::DistFile> files(project.files.begin(), project.files.end());
            files.push_back(std::move(file));
            project.files = std::move(files);
        }
        return *this;
    }
    UniverseIndex& set_metadata(std::string_view filename, std::string text) {
        metadata_["https://files.index.example/" + std::string(filename)] = std::move(text);
        return *this;
    }

    Result<index::Project> project(const packaging::PackageName& name,
                                   const RunContext&) const override {
        if (name.str() == "unreachable") {
            return fail(ErrorCode::network_error, "connection refused");
        }
        const auto found = projects_.find(name);
        if (found == projects_.end()) {
            return fail(ErrorCode::not_found, "no such project");
        }
        return found->second;
    }
    Result<packaging::CoreMetadata> metadata(const index::DistFile& file,
                                             const RunContext&) const override {
        return packaging::CoreMetadata::parse(metadata_.at(file.url));
    }
    Result<std::filesystem::path> download(const index::DistFile&,
                                           const RunContext&) const override {
        return fail(ErrorCode::unsupported, "no bytes here");
    }

private:
    std::map<packaging::PackageName, index::Project> projects_;
    std::map<std::string, std::string> metadata_;
};

/// CPython `python` ("3.12") on Linux x86_64.
inline env::ProviderOptions target_options(std::string_view python = "3.12",
                                           unsigned glibc_minor = 36) {
    const auto version = packaging::Version::parse(std::string(python) + ".0").value();
    const packaging::TagTarget target{.major = static_cast<unsigned>(version.major()),
                                      .minor = static_cast<unsigned>(version.minor()),
                                      .libc_minor = glibc_minor};
    packaging::MarkerEnvironment environment;
    environment.values = {{"implementation_name", "cpython"},
                          {"implementation_version", version.to_string()},
                          {"os_name", "posix"},
                          {"platform_machine", "x86_64"},
                          {"platform_python_implementation", "CPython"},
                          {"platform_release", ""},
                          {"platform_system", "Linux"},
                          {"platform_version", ""},
                          {"python_full_version", version.to_string()},
                          {"python_version", std::string(python)},
                          {"sys_platform", "linux"}};
    return {.environment = std::move(environment),
            .tags = packaging::supported_tags(target),
            .python_version = version};
}

/// "a>=1" from `origin`, for each text.
inline std::vector<env::UserRequirement> request(const std::vector<std::string>& texts,
                                                 std::string_view file = "requirements.txt") {
    std::vector<env::UserRequirement> result;
    for (const std::string& text : texts) {
        result.push_back({packaging::Requirement::parse(text).value(),
                          std::string(file) + ":" + std::to_string(result.size() + 1)});
    }
    return result;
}

inline env::Provided provided(std::string_view name, std::string_view version,
                              const std::vector<std::string>& requires_dist = {},
                              std::string origin = "base image, layer 3") {
    env::Provided result{.name = packaging::PackageName::parse(name).value(),
                         .origin = std::move(origin),
                         .raw_version = std::string(version)};
    if (auto parsed = packaging::Version::parse(version)) {
        result.version = *std::move(parsed);
    }
    for (const std::string& text : requires_dist) {
        result.requires_dist.push_back(packaging::Requirement::parse(text).value());
    }
    return result;
}

}  // namespace envpack::support
