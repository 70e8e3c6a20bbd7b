#include "envpack/env/constraints.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace envpack::env {
namespace {

/// Pinning these makes installers fight with themselves.
constexpr std::array<std::string_view, 5> installers = {"distribute", "pip", "setuptools", "uv",
                                                        "wheel"};

bool is_installer(const packaging::PackageName& name) {
    return std::find(installers.begin(), installers.end(), name.str()) != installers.end();
}

std::string reason_without_pin(const FrozenPackage& package) {
    if (package.has_flag("unknown-version")) {
        return package.editable ? "editable, version unknown" : "version unknown";
    }
    return package.installer == "debian" ? "not a PEP 440 version (Debian), cannot be constrained"
                                         : "not a PEP 440 version, cannot be constrained";
}

std::string reason_for(const Skipped& skipped) {
    if (skipped.reason == "no-metadata" || skipped.reason == "no-version") {
        return "has no metadata (" + text::printable(skipped.path) + ")";
    }
    if (skipped.reason == "bad-folder-name") {
        return "installed under a folder name that installers misread (" +
               text::printable(skipped.path) + ")";
    }
    if (skipped.reason == "dangling-egg-link") {
        return "editable install of a folder that is gone";
    }
    return skipped.reason;
}

std::vector<std::string> header_of(const Inventory& inventory, const ConstraintsOptions& options) {
    // pip looks for `coding:` in the first two lines (PEP 263), and a source can be called
    // `oci:encoding:v1`: so two lines of ours come first.
    std::vector<std::string> header{
        "constraints made by envpack" +
            (options.envpack_version.empty() ? "" : ' ' + options.envpack_version),
        "what is installed must stay as it is"};
    const auto add = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) {
            header.push_back(std::string(key) + ": " + text::printable(value, 1000));
        }
    };
    add("source", inventory.source);
    add("digest", inventory.source_digest);
    const Interpreter& python = inventory.python;
    if (!python.full_version.empty()) {
        std::string platform = "linux";
        for (const std::string& part : {python.machine, python.libc.to_string()}) {
            platform += (part.empty() ? "" : " ") + part;
        }
        add("platform", platform);
        add("python", python.implementation + ' ' + python.full_version + python.abi_flags);
    }
    return header;
}

std::string comment_for(const LeftOut& left_out) {
    std::string line = "# " + text::printable(left_out.name);
    if (!left_out.raw_version.empty()) {
        line += ' ' + text::printable(left_out.raw_version);
    }
    return line + ": " + left_out.reason;
}

}  // namespace

std::string Pin::to_string() const {
    return std::string(name.str()) + "==" + version.to_string();
}

Constraints constraints_from(const Inventory& inventory, const ConstraintsOptions& options) {
    Constraints constraints{.header = header_of(inventory, options)};
    for (const FrozenPackage& package : inventory.packages) {
        const std::string name(package.name.str());
        if (!options.include_installers && is_installer(package.name)) {
            constraints.left_out.push_back(
                {name, package.raw_version, "an installer, left out by default"});
        } else if (package.version) {
            constraints.pins.push_back({package.name, *package.version});
        } else {
            constraints.left_out.push_back(
                {name, package.raw_version, reason_without_pin(package)});
        }
    }
    for (const Skipped& skipped : inventory.skipped) {
        constraints.left_out.push_back({skipped.name, skipped.raw_version, reason_for(skipped)});
    }
    std::stable_sort(constraints.left_out.begin(), constraints.left_out.end(),
                     [](const LeftOut& a, const LeftOut& b) { return a.name < b.name; });
    return constraints;
}

std::string Constraints::to_text() const {
    std::string text;
    for (const std::string& line : header) {
        text += "# " + line + '\n';
    }
    // Comments stand where their pin would.
    auto left = left_out.begin();
    const auto comments_before = [&](const Pin* pin) {
        for (; left != left_out.end() && (pin == nullptr || left->name < pin->name.str()); ++left) {
            text += comment_for(*left) + '\n';
        }
    };
    for (const Pin& pin : pins) {
        comments_before(&pin);
        text += pin.to_string() + '\n';
    }
    comments_before(nullptr);
    return text;
}

}  // namespace envpack::env
