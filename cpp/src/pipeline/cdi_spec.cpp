#include "cdi_spec.hpp"

#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"
#include "envpack/cuda/driver_version.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace envpack::pipeline {
namespace {

constexpr std::size_t max_cdi_items = 100'000;  // of one spec
constexpr std::size_t max_cdi_depth = 64;
constexpr std::string_view host_driver_argument = "--host-driver-version=";

/// The driver as an argument of a hook tells it, else as the name of the mounted libcuda does.
void learn_driver(CdiSpec& spec, std::string_view word) {
    if (word.starts_with(host_driver_argument)) {
        spec.driver = word.substr(host_driver_argument.size());
        return;
    }
    constexpr std::string_view library = "/libcuda.so.";
    const std::size_t at = word.rfind(library);
    if (at == std::string_view::npos || !spec.driver.empty()) {
        return;
    }
    const std::string_view version = word.substr(at + library.size());
    if (const auto parsed = cuda::DriverVersion::parse(version); parsed && parsed->minor) {
        spec.driver = version;
    }
}

void add_text(std::vector<std::string>& to, const json::Value& object, std::string_view key) {
    const json::Value* const value = object.find(key);
    if (value != nullptr && value->as_string() != nullptr && to.size() < max_cdi_items) {
        to.push_back(*value->as_string());
    }
}

/// The items of an array of that name; nothing where there is none.
const json::Array& items_of(const json::Value& object, std::string_view key) {
    static const json::Array none;
    const json::Value* const value = object.find(key);
    const json::Array* const items = value == nullptr ? nullptr : value->as_array();
    return items == nullptr ? none : *items;
}

void add_edits(CdiSpec& spec, const json::Value* edits) {
    if (edits == nullptr) {
        return;
    }
    for (const json::Value& node : items_of(*edits, "deviceNodes")) {
        // hostPath is where it is on the host, if that is another place than in the container.
        add_text(spec.nodes, node, node.find("hostPath") == nullptr ? "path" : "hostPath");
    }
    for (const json::Value& mount : items_of(*edits, "mounts")) {
        add_text(spec.mounts, mount, "hostPath");
    }
    for (const json::Value& hook : items_of(*edits, "hooks")) {
        add_text(spec.hooks, hook, "path");
        for (const json::Value& argument : items_of(hook, "args")) {
            if (argument.as_string() != nullptr) {
                learn_driver(spec, *argument.as_string());
            }
        }
    }
}

void sort_once(std::vector<std::string>& texts) {
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

void finish_spec(CdiSpec& spec) {
    for (const std::string& mount : spec.mounts) {
        learn_driver(spec, mount);
    }
    for (auto* texts : {&spec.nodes, &spec.mounts, &spec.hooks}) {
        sort_once(*texts);
    }
}

/// A scalar on its line, without quotes and comment.
std::string_view scalar(std::string_view value) {
    value = text::trim(value);
    if (value.size() > 1 && (value.front() == '"' || value.front() == '\'')) {
        const std::size_t end = value.find(value.front(), 1);
        return end == std::string_view::npos ? std::string_view{} : value.substr(1, end - 1);
    }
    return text::trim(value.substr(0, value.find(" #")));
}

bool is_plain_scalar(std::string_view value) {
    constexpr std::string_view special = "{[&*|>!";
    return value.empty() || value == "[]" || value == "{}" ||
           special.find(value.front()) == std::string_view::npos;
}

/// The keys above a line are those that began further left.
class YamlScan {
public:
    explicit YamlScan(CdiSpec& spec) : spec_(spec) {}

    void line(std::string_view text) {
        const std::size_t indent = text.find_first_not_of(' ');
        if (indent == std::string_view::npos || text[indent] == '#' || text == "---") {
            return;
        }
        std::string_view rest = text.substr(indent);
        std::size_t column = indent;
        while (rest.starts_with("- ")) {
            rest.remove_prefix(2);
            column += 2;
        }
        while (!above_.empty() && above_.back().first >= column) {
            above_.pop_back();
        }
        const std::string_view parent = above_.empty() ? std::string_view{} : above_.back().second;
        const bool is_item = column > indent;
        const std::size_t colon = rest.find(':');
        const bool is_quoted = rest.starts_with('"') || rest.starts_with('\'');
        const bool is_key = !is_quoted && colon != std::string_view::npos &&
                            (colon + 1 == rest.size() || rest[colon + 1] == ' ');
        if (is_item && parent == "deviceNodes") {
            spec_.is_whole = spec_.is_whole && is_key;
            has_host_path_ = false;
            is_new_node_ = true;
        }
        const std::string_view value = is_key ? text::trim(rest.substr(colon + 1)) : rest;
        if (rest.empty() || rest.front() == '\t' || !is_plain_scalar(value)) {
            spec_.is_whole = false;
        } else if (is_key) {
            const std::string_view name = rest.substr(0, colon);
            key(parent, name, scalar(value));
            if (value.empty() && above_.size() < max_cdi_depth) {
                above_.emplace_back(column, name);
            }
        } else if (parent == "args") {
            learn_driver(spec_, scalar(rest));
        }
    }

private:
    void key(std::string_view parent, std::string_view name, std::string_view value) {
        if (value.empty()) {
            return;
        }
        if (parent.empty() && name == "kind") {
            spec_.kind = value;
        } else if (parent == "devices" && name == "name") {
            add(spec_.devices, value);
        } else if (parent == "deviceNodes" && (name == "path" || name == "hostPath")) {
            if (is_new_node_) {
                add(spec_.nodes, value);
            } else if (!spec_.nodes.empty() && !has_host_path_) {
                spec_.nodes.back() = name == "hostPath" ? value : spec_.nodes.back();
            }
            is_new_node_ = false;
            has_host_path_ = has_host_path_ || name == "hostPath";
        } else if (parent == "mounts" && name == "hostPath") {
            add(spec_.mounts, value);
        } else if (parent == "hooks" && name == "path") {
            add(spec_.hooks, value);
        }
    }

    static void add(std::vector<std::string>& to, std::string_view value) {
        if (to.size() < max_cdi_items) {
            to.emplace_back(value);
        }
    }

    CdiSpec& spec_;
    std::vector<std::pair<std::size_t, std::string_view>> above_ = {};  ///< column and key
    bool is_new_node_ = false;
    bool has_host_path_ = false;
};

}  // namespace

Result<CdiSpec> CdiSpec::parse_json(std::string_view text) {
    ENVPACK_TRY(const json::Value document, json::parse(text));
    CdiSpec spec;
    ENVPACK_TRY(spec.kind, json::string_at(document, "kind"));
    ENVPACK_TRY(const json::Array* const devices, json::array_at(document, "devices"));
    for (const json::Value& device : *devices) {
        add_text(spec.devices, device, "name");
        add_edits(spec, device.find("containerEdits"));
    }
    add_edits(spec, document.find("containerEdits"));
    finish_spec(spec);
    return spec;
}

CdiSpec CdiSpec::scan_yaml(std::string_view text) {
    CdiSpec spec;
    YamlScan scan(spec);
    for (const std::string_view line : text::lines(text)) {
        scan.line(line);
    }
    spec.is_whole = spec.is_whole && !spec.kind.empty() && !spec.devices.empty();
    finish_spec(spec);
    return spec;
}

}  // namespace envpack::pipeline
