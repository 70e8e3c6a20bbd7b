#include "package_source.hpp"

#include "envpack/base/text.hpp"

#include <string_view>
#include <variant>

namespace envpack::env {
namespace {

using json::Object;
using json::Value;

constexpr std::string_view file_scheme = "file://";

/// PEP 610: without secrets, but with the `git@` that ssh needs.
std::string shown_url(const packaging::DirectUrl& direct) {
    const auto shown = packaging::DirectUrl::parse(direct.to_json());
    return shown ? shown->url : text::redact_url(direct.url);
}

Object checkout_source(const packaging::DirectUrl& checkout) {
    const auto& vcs = std::get<packaging::DirectUrl::Vcs>(checkout.info);
    Object object{{"kind", "vcs"}, {"url", shown_url(checkout)}, {"commit", vcs.commit_id}};
    if (checkout.subdirectory) {
        object.emplace_back("subdirectory", *checkout.subdirectory);
    }
    object.emplace_back("dirty", "unknown");
    return object;
}

Object direct_source(const FrozenPackage& package, const packaging::DirectUrl& direct) {
    const bool dead = package.has_flag("build-path-dropped");
    const Value url = dead ? Value() : Value(shown_url(direct));
    if (const auto* vcs = std::get_if<packaging::DirectUrl::Vcs>(&direct.info)) {
        Object object{{"kind", "vcs"}, {"url", url}, {"commit", vcs->commit_id}};
        if (direct.subdirectory) {
            object.emplace_back("subdirectory", *direct.subdirectory);
        }
        return object;
    }
    if (const auto* archive = std::get_if<packaging::DirectUrl::Archive>(&direct.info)) {
        const auto sha256 = archive->hashes.find("sha256");
        return Object{
            {"kind", "archive"},
            {"url", url},
            {"sha256", sha256 == archive->hashes.end() ? Value() : Value(sha256->second)}};
    }
    return Object{{"kind", "dir"}, {"path", json::text_or_null(source_path(package))}};
}

}  // namespace

std::string source_path(const FrozenPackage& package) {
    if (package.form == PackageForm::egg_link) {
        return '/' + package.location.substr(0, package.location.rfind('/'));
    }
    if (!package.direct_url || !package.direct_url->url.starts_with(file_scheme)) {
        return {};
    }
    const auto path =
        text::percent_decode(std::string_view(package.direct_url->url).substr(file_scheme.size()));
    return path ? text::printable(*path, 4096) : std::string();
}

json::Value source_json(const FrozenPackage& package) {
    if (package.form == PackageForm::conda) {
        return Object{{"kind", "conda"}, {"build", json::text_or_null(package.conda_build)}};
    }
    if (package.checkout) {
        return checkout_source(*package.checkout);
    }
    if (package.direct_url) {
        return direct_source(package, *package.direct_url);
    }
    if (package.form == PackageForm::egg_link) {
        return Object{{"kind", "dir"}, {"path", source_path(package)}};
    }
    if (package.version && package.has_flag("local")) {
        return Object{{"kind", "cuda-index"}, {"suffix", package.version->local()}};
    }
    return Object{{"kind", "unknown-index"}};
}

}  // namespace envpack::env
