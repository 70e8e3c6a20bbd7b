#include "envpack/base/toml.hpp"
#include "envpack/env/inventory_output.hpp"

namespace envpack::env {
namespace {

void append_array(std::string& text, std::string_view key, const std::vector<std::string>& items) {
    text += key;
    text += " = [\n";
    for (const std::string& item : items) {
        text += "    " + toml::quote(item) + ",\n";
    }
    text += "]\n";
}

}  // namespace

std::string to_uv_text(const Inventory& inventory, const ConstraintsOptions& options) {
    ConstraintsOptions readable = options;
    readable.exact_legacy = false;  // uv refuses a file with one
    const Constraints constraints = constraints_from(inventory, readable);
    std::string text;
    for (const std::string& line : constraints.header) {
        text += "# " + line + '\n';
    }
    std::vector<std::string> pins;
    std::vector<std::string> names;
    for (const Pin& pin : constraints.pins) {
        pins.push_back(pin.to_string());
        names.emplace_back(pin.name.str());
    }
    for (const ForeignLine& line : constraints.lines) {
        pins.push_back(line.text);
    }
    text += "\n# Whatever is installed has these versions.\n";
    append_array(text, "constraint-dependencies", pins);
    text +=
        "\n# In an environment that sees the base without uv knowing it, nothing of the base is "
        "installed again.\n";
    append_array(text, "exclude-dependencies", names);
    return text;
}

}  // namespace envpack::env
