#include "request.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "place.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using packaging::RequirementLine;
using packaging::RequirementsFile;

env::UserRequirement user_requirement(const RequirementLine& line) {
    return env::UserRequirement{
        .requirement = *line.requirement, .origin = line.origin(), .hashes = line.hashes};
}

/// pip's rules of hash mode: every requirement is pinned and has a hash. Of several lines for one
/// name, a file has to satisfy all.
Result<void> read_hashes(Request& request) {
    for (const env::UserRequirement& wanted : request.requirements) {
        const packaging::Requirement& requirement = wanted.requirement;
        const auto refused = [&](std::string_view problem, std::string hint) {
            return fail(
                Error(ErrorCode::invalid_argument,
                      fmt::format("in hash mode, `{}` {}", requirement.to_string(), problem))
                    .with_rule("resolve.hashes")
                    .with_context(fmt::format("in {}", wanted.origin))
                    .with_hint(std::move(hint)));
        };
        const auto& specifiers = requirement.specifiers.specifiers();
        if (std::none_of(specifiers.begin(), specifiers.end(),
                         [](const packaging::Specifier& one) { return one.is_pin(); })) {
            return refused("must be pinned with `==`", "name the version that was hashed");
        }
        std::set<Digest> allowed;
        for (const packaging::HashOption& hash : wanted.hashes) {
            if (hash.algorithm == "sha256") {
                ENVPACK_TRY(const Digest digest, Digest::parse_hex(hash.hex));
                allowed.insert(digest);
            }
        }
        if (allowed.empty()) {
            return refused("must have a sha256 hash", "add `--hash=sha256:…` to the line");
        }
        const auto [entry, is_new] = request.hashes.try_emplace(requirement.name, allowed);
        if (!is_new) {
            std::erase_if(entry->second, [&](const Digest& one) { return !allowed.contains(one); });
        }
    }
    return {};
}

Result<void> add_file(RequirementsFile& into, const std::filesystem::path& path,
                      const UserConfig& user, bool is_constraints) {
    constexpr Limits limits;
    RequirementsFile::Reading reading{
        .is_constraints = is_constraints,
        .load = [](std::string_view name) { return read_file(name, limits.max_text); },
        .variable = [&user](std::string_view name) -> std::optional<std::string> {
            return std::string(user.variable(name));
        },
        .limits = limits,
    };
    ENVPACK_TRY(const std::string text, read_file(path, limits.max_text));
    return into.append(text, path.string(), reading);
}

}  // namespace

Result<Request> read_request(const ResolveOptions& options, const UserConfig& user,
                             const std::vector<std::string>& pip_constraints) {
    RequirementsFile all;
    for (const std::string& text : options.requirements) {
        ENVPACK_TRY(RequirementLine line,
                    packaging::parse_requirement_argument(text, "command line"));
        all.requirements.push_back(std::move(line));
    }
    for (const std::string& text : options.editables) {
        ENVPACK_TRY(RequirementLine line, packaging::parse_editable_argument(text, "command line"));
        all.requirements.push_back(std::move(line));
    }
    for (const auto& path : options.requirement_files) {
        ENVPACK_CHECK(add_file(all, path, user, false));
    }
    for (const auto& path : options.constraint_files) {
        ENVPACK_CHECK(add_file(all, path, user, true));
    }
    for (const std::string& path : pip_constraints) {
        ENVPACK_CHECK(with_context(add_file(all, path, user, true),
                                   "named by pip's configuration (PIP_CONSTRAINT)"));
    }
    if (all.requirements.empty()) {
        return fail(Error(ErrorCode::invalid_argument, "nothing to resolve")
                        .with_hint("name requirements, or a file with -r"));
    }

    for (const std::string& names : options.only_binary) {
        ENVPACK_CHECK(all.formats.only_binary(names));
    }
    for (const std::string& names : options.no_binary) {
        ENVPACK_CHECK(all.formats.no_binary(names));
    }
    Request request{.formats = all.formats,
                    .pre = options.pre || all.pre,
                    .hash_mode = options.require_hashes || all.hash_mode()};
    for (const RequirementLine& line : all.requirements) {
        request.texts.push_back((line.editable ? "-e " : "") + line.text);
        if (is_direct(line)) {
            request.places.push_back(line);
            continue;
        }
        request.requirements.push_back(user_requirement(line));
    }
    for (const RequirementLine& line : all.constraints) {
        if (!line.requirement || line.editable) {
            return fail(
                Error(ErrorCode::unsupported,
                      fmt::format("`{}` does not say which package it constrains", line.text))
                    .with_context(fmt::format("in {}", line.origin()))
                    .with_hint("write `name @ URL`, or name the package and its versions"));
        }
        if (is_direct(line)) {
            request.constraint_places.push_back(line);
        } else {
            request.constraints.push_back(user_requirement(line));
        }
    }
    request.indexes = options.indexes;
    if (!request.indexes.index_url) {
        request.indexes.index_url = all.index_url;
    }
    request.indexes.no_index = request.indexes.no_index || all.no_index;
    for (const std::string& url : all.extra_index_urls) {
        request.indexes.extra_index_urls.push_back(url);
    }
    for (const packaging::FindLinks& place : all.find_links) {
        const std::filesystem::path beside =
            std::filesystem::path(place.file).parent_path() / place.value;
        std::error_code ignored;
        const bool is_beside = place.value.find("://") == std::string::npos &&
                               std::filesystem::exists(beside, ignored);
        request.indexes.find_links.push_back(is_beside ? beside.string() : place.value);
    }
    return request;
}

Result<void> keep_for(const packaging::MarkerEnvironment& environment, Request& request) {
    const auto holds = [&](const std::optional<packaging::Marker>& marker) {
        return !marker || marker->evaluate_with_extra(environment, nullptr);
    };
    std::erase_if(request.requirements, [&](const env::UserRequirement& wanted) {
        return !holds(wanted.requirement.marker);
    });
    for (auto* lines : {&request.places, &request.constraint_places}) {
        std::erase_if(*lines, [&](const RequirementLine& line) {
            return !holds(line.requirement ? line.requirement->marker : line.marker);
        });
    }
    return request.hash_mode ? read_hashes(request) : Result<void>();
}

bool is_pinned(const IndexOptions& indexes, const packaging::PackageName& name) {
    return std::ranges::any_of(indexes.pins, [&](const std::string& one) {
        const auto pinned = packaging::PackageName::parse(one.substr(0, one.find('=')));
        return pinned && *pinned == name;
    });
}

}  // namespace envpack::pipeline
