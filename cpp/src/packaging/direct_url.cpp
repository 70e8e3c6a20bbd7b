#include "envpack/packaging/direct_url.hpp"

#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"
#include "shown_text.hpp"

#include <array>
#include <utility>

namespace envpack::packaging {
namespace {

constexpr std::string_view variable_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::array<std::string_view, 3> info_keys = {"archive_info", "vcs_info", "dir_info"};

Error bad(std::string problem) {
    return Error(ErrorCode::parse_error, "direct_url.json: " + std::move(problem));
}

Result<DirectUrl::Archive> read_archive(const json::Value& info) {
    DirectUrl::Archive archive;
    // PEP 610, as amended: `hash` is "<algorithm>=<hex>", `hashes` replaces it.
    ENVPACK_TRY(const std::string* hash, json::optional_string_at(info, "hash"));
    if (hash != nullptr) {
        const std::size_t equals = hash->find('=');
        if (equals == std::string::npos) {
            return fail(bad("`hash` is not `algorithm=digest`"));
        }
        archive.hashes[hash->substr(0, equals)] = hash->substr(equals + 1);
    }
    if (const json::Value* hashes = info.find("hashes")) {
        const json::Object* members = hashes->as_object();
        if (members == nullptr) {
            return fail(bad("`hashes` is no object"));
        }
        for (const auto& [algorithm, digest] : *members) {
            if (digest.as_string() == nullptr) {
                return fail(bad("a member of `hashes` is no string"));
            }
            archive.hashes[algorithm] = *digest.as_string();
        }
    }
    return archive;
}

Result<DirectUrl::Vcs> read_vcs(const json::Value& info) {
    DirectUrl::Vcs vcs;
    ENVPACK_TRY(vcs.vcs, json::string_at(info, "vcs"));
    ENVPACK_TRY(vcs.commit_id, json::string_at(info, "commit_id"));
    ENVPACK_TRY(const std::string* revision, json::optional_string_at(info, "requested_revision"));
    vcs.requested_revision = revision == nullptr ? "" : *revision;
    return vcs;
}

Result<DirectUrl::Directory> read_directory(const json::Value& info) {
    const json::Value* editable = info.find("editable");
    if (editable == nullptr || editable->is_null()) {
        return DirectUrl::Directory{};
    }
    if (editable->as_bool() == nullptr) {
        return fail(bad("`editable` is neither true nor false"));
    }
    return DirectUrl::Directory{.editable = *editable->as_bool()};
}

Result<void> read_info(const json::Value& document, DirectUrl& result) {
    std::string_view key;
    const json::Value* info = nullptr;
    for (const std::string_view candidate : info_keys) {
        const json::Value* found = document.find(candidate);
        if (found == nullptr || found->is_null()) {
            continue;
        }
        if (info != nullptr || found->as_object() == nullptr) {
            return fail(bad("there is not exactly one of archive_info, vcs_info and dir_info"));
        }
        key = candidate;
        info = found;
    }
    if (info == nullptr) {
        return fail(bad("there is not exactly one of archive_info, vcs_info and dir_info"));
    }
    if (key == "archive_info") {
        ENVPACK_TRY(result.info, read_archive(*info));
    } else if (key == "vcs_info") {
        ENVPACK_TRY(result.info, read_vcs(*info));
    } else {
        ENVPACK_TRY(result.info, read_directory(*info));
    }
    return {};
}

// One hash is enough; sha256 is what everybody has. There is one at least.
const std::pair<const std::string, std::string>& preferred_hash(const DirectUrl::Archive& archive) {
    const auto hash = archive.hashes.find("sha256");
    return hash != archive.hashes.end() ? *hash : *archive.hashes.begin();
}

struct InfoWriter {
    json::Value& document;

    void operator()(const DirectUrl::Archive& archive) const {
        json::Value info{json::Object{}};
        if (!archive.hashes.empty()) {
            json::Value hashes{json::Object{}};
            for (const auto& [algorithm, digest] : archive.hashes) {
                hashes.set(algorithm, digest);
            }
            // The older form, for readers from before `hashes`; pip writes both.
            const auto& [algorithm, digest] = preferred_hash(archive);
            info.set("hash", algorithm + "=" + digest);
            info.set("hashes", std::move(hashes));
        }
        document.set("archive_info", std::move(info));
    }
    void operator()(const DirectUrl::Vcs& vcs) const {
        json::Value info{json::Object{}};
        info.set("commit_id", vcs.commit_id);
        if (!vcs.requested_revision.empty()) {
            info.set("requested_revision", vcs.requested_revision);
        }
        info.set("vcs", vcs.vcs);
        document.set("vcs_info", std::move(info));
    }
    void operator()(const DirectUrl::Directory& directory) const {
        json::Value info{json::Object{}};
        if (directory.editable) {
            info.set("editable", true);
        }
        document.set("dir_info", std::move(info));
    }
};

// Names of variables, `${NAME}`, are no secrets.
bool is_variable(std::string_view text) {
    return text.size() > 3 && text.starts_with("${") && text.ends_with('}') &&
           text.substr(2, text.size() - 3).find_first_not_of(variable_characters) ==
               std::string_view::npos;
}

// "Security considerations" of the specification: user and password go, unless they are variables,
// `${USER}:${TOKEN}`; shown_text() keeps `git@`, without which an ssh URL does not work.
std::string without_secrets(std::string_view url) {
    const auto user = text::find_userinfo(url);
    if (!user) {
        return std::string(url);
    }
    const std::string_view info = url.substr(user->begin, user->end - user->begin - 1);
    const std::size_t colon = info.find(':');
    const bool is_harmless =
        is_variable(info.substr(0, colon)) &&
        (colon == std::string_view::npos || is_variable(info.substr(colon + 1)));
    const std::size_t kept = is_harmless ? user->end : 0;
    return std::string(url.substr(0, kept)) + shown_text(url.substr(kept)).text;
}

// What goes behind `#`, joined by `&`.
void append_fragment(std::string piece, std::string& url) {
    url.append(url.find('#') == std::string::npos ? "#" : "&").append(piece);
}

}  // namespace

Result<DirectUrl> DirectUrl::parse(std::string_view json) {
    ENVPACK_TRY(const json::Value document, json::parse(json));
    DirectUrl result;
    ENVPACK_TRY(result.url, json::string_at(document, "url"));
    ENVPACK_TRY(const std::string* subdirectory,
                json::optional_string_at(document, "subdirectory"));
    if (subdirectory != nullptr) {
        result.subdirectory = *subdirectory;
    }
    ENVPACK_CHECK(read_info(document, result));
    return result;
}

std::string DirectUrl::to_json() const {
    json::Value document{json::Object{}};
    document.set("url", without_secrets(url));
    if (subdirectory) {
        document.set("subdirectory", *subdirectory);
    }
    std::visit(InfoWriter{document}, info);
    return json::to_canonical(document);
}

std::string DirectUrl::to_requirement_url() const {
    std::string result = without_secrets(url);
    if (const auto* vcs = std::get_if<Vcs>(&info)) {
        result = vcs->vcs + "+" + result + "@" + vcs->commit_id;
    }
    if (const auto* archive = std::get_if<Archive>(&info)) {
        if (!archive->hashes.empty()) {
            const auto& [algorithm, digest] = preferred_hash(*archive);
            append_fragment(algorithm + "=" + digest, result);
        }
    }
    if (subdirectory) {
        append_fragment("subdirectory=" + text::percent_encode(*subdirectory, "/"), result);
    }
    return result;
}

bool DirectUrl::is_editable() const noexcept {
    const auto* directory = std::get_if<Directory>(&info);
    return directory != nullptr && directory->editable;
}

}  // namespace envpack::packaging
