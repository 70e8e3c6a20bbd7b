#include "envpack/oci/with_config.hpp"

#include "document.hpp"
#include "envpack/base/text.hpp"
#include "image_edit.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

Error bad_change(std::string message) {
    return Error(ErrorCode::invalid_argument, std::move(message)).with_rule("oci.config-change");
}

bool has_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

/// execve(2) and the config's readers take texts up to the first NUL.
Result<void> check_texts(const std::vector<std::string>& texts, std::string_view what) {
    if (std::ranges::any_of(texts, has_nul)) {
        return fail(bad_change(fmt::format("the {} of an image cannot hold NUL bytes", what)));
    }
    return {};
}

Result<void> check(const ConfigChange& change) {
    for (const EnvChange& env : change.env) {
        if (env.name.empty() || env.name.find('=') != std::string::npos) {
            return fail(bad_change(
                fmt::format("`{}` cannot be a variable name", text::printable(env.name))));
        }
        ENVPACK_CHECK(check_texts({env.name, env.value, env.separator}, "environment"));
    }
    ENVPACK_CHECK(check_texts({change.user.value_or(""), change.working_dir.value_or("")},
                              "user and working directory"));
    ENVPACK_CHECK(
        check_texts(change.entrypoint.value_or(std::vector<std::string>()), "entrypoint"));
    ENVPACK_CHECK(check_texts(change.cmd.value_or(std::vector<std::string>()), "command"));
    for (const std::string& volume : change.volumes) {
        ENVPACK_CHECK(check_texts({volume}, "volumes"));
        if (!volume.starts_with('/')) {
            return fail(bad_change(
                fmt::format("volume `{}` is no absolute path", text::printable(volume))));
        }
    }
    for (const Annotations* map : {&change.labels, &change.annotations}) {
        for (const auto& [name, value] : *map) {
            if (name.empty()) {
                return fail(bad_change("a label or annotation needs a name"));
            }
            ENVPACK_CHECK(check_texts({name, value}, "labels"));
        }
    }
    return {};
}

void apply(std::vector<std::string>& env, const EnvChange& change) {
    const std::string prefix = change.name + "=";
    const auto is_it = [&](const std::string& entry) { return entry.starts_with(prefix); };
    const auto last = std::ranges::find_if(env.rbegin(), env.rend(), is_it);
    std::string value = change.value;
    if (change.kind == EnvChange::Kind::prepend && last != env.rend() &&
        last->size() > prefix.size()) {
        value += change.separator + last->substr(prefix.size());
    }
    if (last == env.rend()) {
        env.push_back(prefix + value);
    } else {
        *last = prefix + value;
    }
}

/// `port/protocol` (image-spec config.md, "ExposedPorts"), always with the protocol, as engines
/// write it.
Result<std::string> port_key(const std::string& text) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string protocol = slash == text.size() ? "tcp" : text.substr(slash + 1);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + slash, number);
    const bool is_number = error == std::errc() && end == text.data() + slash && number >= 1 &&
                           number <= 65535 && text.front() != '0';
    if (!is_number || (protocol != "tcp" && protocol != "udp" && protocol != "sctp")) {
        return fail(bad_change(fmt::format("`{}` is no port", text::printable(text)))
                        .with_hint("write 8080, 8080/tcp, 53/udp"));
    }
    return fmt::format("{}/{}", number, protocol);
}

/// Members of an object that stands for a set (image-spec config.md).
void add_to_set(json::Value& settings, std::string_view key,
                const std::vector<std::string>& members) {
    if (members.empty()) {
        return;
    }
    json::Value& set = object_member(settings, key);
    for (const std::string& member : members) {
        set.set(member, json::Object{});
    }
}

void apply(json::Value& settings, const ImageConfig& old, const ConfigChange& change) {
    if (!change.env.empty()) {
        std::vector<std::string> env = old.env;
        for (const EnvChange& one : change.env) {
            apply(env, one);
        }
        settings.set("Env", to_json(env));
    }
    if (change.user) {
        settings.set("User", *change.user);
    }
    if (change.working_dir) {
        settings.set("WorkingDir", *change.working_dir);
    }
    if (change.entrypoint) {
        settings.set("Entrypoint", to_json(*change.entrypoint));
        erase_member(settings, "Cmd");
    }
    if (change.cmd) {
        settings.set("Cmd", to_json(*change.cmd));
    }
    add_to_set(settings, "Volumes", change.volumes);
    if (!change.labels.empty()) {
        json::Value& labels = object_member(settings, "Labels");
        for (const auto& [name, value] : change.labels) {
            labels.set(name, value);
        }
    }
}

}  // namespace

Result<ImagePtr> with_config(const ImagePtr& image, const ConfigChange& change) {
    ENVPACK_CHECK(check(change));
    ENVPACK_TRY(ImageEdit edit, ImageEdit::open(*image));
    if (edit.manifest.family == Family::docker && !change.annotations.empty()) {
        return fail(Error(ErrorCode::unsupported,
                          "the image has a Docker manifest, which cannot have annotations")
                        .with_rule("oci.docker-annotations")
                        .with_hint("use labels, or convert the base image to OCI media types"));
    }
    std::vector<std::string> ports;
    for (const std::string& text : change.ports) {
        ENVPACK_TRY(std::string port, port_key(text));
        ports.push_back(std::move(port));
    }
    json::Value& settings = object_member(edit.config_document(), "config");
    apply(settings, edit.config, change);
    add_to_set(settings, "ExposedPorts", ports);
    for (const auto& [name, value] : change.annotations) {
        edit.set_annotation(name, value);
    }
    if (!change.created_by.empty()) {
        ENVPACK_CHECK(edit.add_history(change.created, change.created_by, "", true));
    }
    return edit.seal();
}

}  // namespace envpack::oci
