#include "request_places.hpp"

#include "envpack/base/text.hpp"
#include "envpack/http/url.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "place.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using packaging::PackageName;
using packaging::RequirementLine;
using packaging::Version;

/// As pip compares links: credentials aside.
bool is_same(const Place& a, const Place& b) {
    return a.is_git == b.is_git && a.revision == b.revision && a.subdirectory == b.subdirectory &&
           text::redact_url(a.url) == text::redact_url(b.url);
}

std::string url_of(const RequirementLine& line, const Place& place) {
    const std::string& text =
        line.requirement && !line.requirement->url.empty() ? line.requirement->url : line.location;
    return text.find("://") == std::string::npos ? place.url : text;
}

/// The version in the name of the file; none for a repository or a folder.
std::optional<Version> version_in_name(const Place& place) {
    const auto url = place.is_git ? fail(ErrorCode::not_found, "") : http::Url::parse(place.url);
    const auto name = url ? url->file_name() : fail(ErrorCode::not_found, "");
    if (!name) {
        return std::nullopt;
    }
    if (const auto wheel = packaging::WheelFilename::parse(*name)) {
        return wheel->version;
    }
    const auto sdist = packaging::SdistFilename::parse(*name);
    return sdist ? std::optional(sdist->version) : std::nullopt;
}

Result<env::UserRequirement> exactly(const PackageName& name, const Version& version,
                                     const RequirementLine& line) {
    env::UserRequirement wanted{
        .requirement = {.name = name}, .origin = line.origin(), .shown = line.text};
    ENVPACK_TRY(wanted.requirement.specifiers,
                packaging::SpecifierSet::parse("===" + version.to_string()));
    return wanted;
}

/// Places by the name of what is there. One request or run.
class Reader {
public:
    Reader(Request& request, env::ProviderOptions& policy, const DirectServices& services,
           const RunContext& run)
        : request_(request), policy_(policy), services_(services), run_(run) {}

    Result<void> ask(const RequirementLine& line) {
        ENVPACK_TRY(DirectSource source,
                    with_context(open_direct(line, services_, run_),
                                 fmt::format("while opening `{}` ({})", line.text, line.origin())));
        const PackageName name = source.locked.name;
        // Its version is a demand like any other: of a package that the base provides, too.
        ENVPACK_TRY(env::UserRequirement wanted, exactly(name, *source.locked.version, line));
        const std::string version = source.locked.version->to_string();
        if (line.text.find(version) == std::string::npos) {
            wanted.shown += fmt::format(" ({} {})", name.str(), version);
        }
        wanted.requirement.extras = line.requirement ? line.requirement->extras : line.extras;
        wanted.requirement.marker = line.requirement ? line.requirement->marker : line.marker;
        request_.requirements.push_back(std::move(wanted));
        policy_.direct.try_emplace(name, env::DirectPlace{source.url, line.origin()});
        ENVPACK_TRY(Place place, read_place(line));
        places_.try_emplace(name, std::move(place));
        const auto [other, is_new] = places.opened.try_emplace(name, source);
        if (!is_new && other->second.url != source.url) {
            return fail(place_refused(
                ErrorCode::invalid_argument,
                fmt::format("{} is asked for at two places, `{}` and `{}`", name.str(),
                            text::redact_url(other->second.url), text::redact_url(source.url))));
        }
        return {};
    }

    Result<void> constrain(const RequirementLine& line) {
        const PackageName& name = line.requirement->name;
        ENVPACK_TRY(Place place, place_of(line));
        env::UserRequirement limit{
            .requirement = {.name = name}, .origin = line.origin(), .shown = line.text};
        limit.requirement.url = url_of(line, place);
        const auto known = places_.find(name);
        if (known == places_.end()) {
            policy_.direct.emplace(name,
                                   env::DirectPlace{limit.requirement.url, line.origin(), true});
            places_.emplace(name, std::move(place));
            places.constrained.emplace(name, line);
        } else if (is_same(known->second, place) && !policy_.direct.at(name).is_constraint) {
            return check_hash(line, place, places.opened.at(name));
        } else if (is_same(known->second, place) &&
                   (place.sha256.empty() || known->second.sha256.empty() ||
                    place.sha256 == known->second.sha256)) {
            if (known->second.sha256.empty()) {  // the one that says more counts
                known->second = std::move(place);
                places.constrained.insert_or_assign(name, line);
            }
            return {};
        }
        request_.constraints.push_back(std::move(limit));
        return {};
    }

    /// Nothing is opened for a package that stays.
    Result<void> constrain_provided(const RequirementLine& line,
                                    const env::FrozenPackage& package) {
        ENVPACK_TRY(const Place place, place_of(line));
        const auto version = version_in_name(place);
        if (!version) {
            run_.note(
                fmt::format("the constraint `{}` ({}) is not looked at: the base has {} {}, "
                            "which stays",
                            line.text, line.origin(), package.name.str(), package.raw_version));
            return {};
        }
        ENVPACK_TRY(env::UserRequirement limit, exactly(package.name, *version, line));
        request_.constraints.push_back(std::move(limit));
        return {};
    }

    RequestPlaces places;

private:
    static Result<Place> place_of(const RequirementLine& constraint) {
        return with_context(read_place(constraint),
                            fmt::format("while reading the constraint `{}` ({})", constraint.text,
                                        constraint.origin()));
    }

    static Result<void> check_hash(const RequirementLine& line, const Place& place,
                                   const DirectSource& opened) {
        if (place.sha256.empty() || !opened.locked.archive ||
            place.sha256.contains(opened.locked.archive->file.sha256)) {
            return {};
        }
        return fail(place_refused(
            ErrorCode::digest_mismatch,
            fmt::format("`{}` has sha256 {}, which the constraint `{}` ({}) does not allow",
                        text::redact_url(opened.url), opened.locked.archive->file.sha256.hex(),
                        line.text, line.origin())));
    }

    Request& request_;
    env::ProviderOptions& policy_;
    const DirectServices& services_;
    const RunContext& run_;
    std::map<PackageName, Place> places_;
};

}  // namespace

Result<RequestPlaces> open_places(Request& request, const env::Inventory& base,
                                  env::ProviderOptions& policy, const DirectServices& services,
                                  const RunContext& run) {
    Reader reader(request, policy, services, run);
    for (const RequirementLine& line : request.places) {
        ENVPACK_CHECK(reader.ask(line));
    }
    for (const RequirementLine& line : request.constraint_places) {
        const env::FrozenPackage* package = base.find(line.requirement->name);
        const bool stays =
            package != nullptr && !policy.lets_move(package->name, package->is_unremovable());
        ENVPACK_CHECK(stays ? reader.constrain_provided(line, *package) : reader.constrain(line));
    }
    policy.constraints = request.constraints;
    return std::move(reader.places);
}

}  // namespace envpack::pipeline
