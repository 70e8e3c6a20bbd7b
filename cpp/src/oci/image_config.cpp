#include "envpack/oci/image_config.hpp"

#include "document.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

Result<std::string> text_at(const json::Value& object, std::string_view key) {
    ENVPACK_TRY(const std::string* text, json::optional_string_at(object, key));
    return text == nullptr ? std::string() : *text;
}

Result<void> read_rootfs(ImageConfig& config) {
    ENVPACK_TRY(const json::Value* rootfs, json::object_at(config.document, "rootfs"));
    ENVPACK_TRY(const std::string_view type, json::string_at(*rootfs, "type"));
    if (type != "layers") {
        return refuse("oci.config", "`rootfs.type` of the image config is not `layers`");
    }
    ENVPACK_TRY(const auto diff_ids, string_list_at(*rootfs, "diff_ids"));
    for (const std::string& text : diff_ids.value_or(std::vector<std::string>())) {
        ENVPACK_TRY(const Digest digest,
                    with_context(parse_digest(text), "while reading `rootfs.diff_ids`"));
        config.diff_ids.push_back(digest);
    }
    return {};
}

Result<void> read_history(ImageConfig& config) {
    const json::Value* history = config.document.find("history");
    if (history == nullptr || history->is_null()) {
        return {};
    }
    ENVPACK_TRY(const json::Array* entries, json::array_at(config.document, "history"));
    for (const json::Value& entry : *entries) {
        if (entry.as_object() == nullptr) {
            return refuse("oci.config", "`history` of the image config holds more than objects");
        }
        const json::Value* empty = entry.find("empty_layer");
        if (empty != nullptr && !empty->is_null() && empty->as_bool() == nullptr) {
            return refuse("oci.config",
                          "`empty_layer` in the image config is neither true nor false");
        }
        if (empty == nullptr || empty->is_null() || !*empty->as_bool()) {
            ++config.history_layers;
        }
    }
    return {};
}

Result<void> read_settings(ImageConfig& config) {
    const json::Value* settings = config.document.find("config");
    if (settings == nullptr || settings->is_null()) {
        return {};
    }
    ENVPACK_CHECK(json::object_at(config.document, "config"));
    ENVPACK_TRY(auto env, string_list_at(*settings, "Env"));
    config.env = std::move(env).value_or(std::vector<std::string>());
    ENVPACK_TRY(config.user, text_at(*settings, "User"));
    ENVPACK_TRY(config.working_dir, text_at(*settings, "WorkingDir"));
    ENVPACK_TRY(config.entrypoint, string_list_at(*settings, "Entrypoint"));
    ENVPACK_TRY(config.cmd, string_list_at(*settings, "Cmd"));
    ENVPACK_TRY(config.labels, string_map_at(*settings, "Labels"));
    return {};
}

Result<ImageConfig> read_config(std::string_view raw) {
    ImageConfig config;
    ENVPACK_TRY(config.document, parse_document(raw, "image config"));
    ENVPACK_TRY(config.platform, Platform::from_json(config.document));
    ENVPACK_CHECK(read_settings(config));
    ENVPACK_CHECK(read_rootfs(config));
    ENVPACK_CHECK(read_history(config));
    return config;
}

}  // namespace

Result<ImageConfig> ImageConfig::parse(std::string_view raw) {
    Result<ImageConfig> config = read_config(raw);
    if (!config && config.error().rule().empty()) {
        return fail(std::move(config).error().with_rule("oci.config"));
    }
    return config;
}

std::optional<std::string> env_value(const ImageConfig& config, std::string_view name) {
    for (auto it = config.env.rbegin(); it != config.env.rend(); ++it) {
        if (it->starts_with(name) && it->size() > name.size() && (*it)[name.size()] == '=') {
            return it->substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

}  // namespace envpack::oci
