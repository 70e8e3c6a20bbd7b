#include "envpack/env/constraints.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

namespace envpack::env {
namespace {

constexpr std::array<std::string_view, 5> installers = {"distribute", "pip", "setuptools", "uv",
                                                        "wheel"};

/// Of a header: the lines that are the same in all files.
constexpr std::size_t own_header_lines = 2;

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

/// A text that pip takes whole behind `===`.
bool is_exact_text(std::string_view version) {
    return !version.empty() && std::all_of(version.begin(), version.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("._+!~-").find(c) != std::string_view::npos;
    });
}

/// What only the base's own files say, each line once.
void add_lines_of_base(const Inventory& inventory, std::vector<ForeignLine>& lines) {
    for (const ConstraintFile& file : inventory.constraint_files) {
        for (const ConstraintFile::Further& further : file.only_in_file) {
            const bool is_there =
                std::any_of(lines.begin(), lines.end(),
                            [&](const ForeignLine& line) { return line.text == further.line; });
            if (!is_there && further.line.find(" @ ") == std::string::npos) {
                lines.push_back({further.name, further.line, "from " + file.path});
            }
        }
    }
}

std::string comment_for(const LeftOut& left_out) {
    std::string line = "# " + text::printable(left_out.name);
    if (!left_out.raw_version.empty()) {
        line += ' ' + text::printable(left_out.raw_version);
    }
    return line + ": " + left_out.reason;
}

}  // namespace

bool is_installer(const packaging::PackageName& name) {
    return std::find(installers.begin(), installers.end(), name.str()) != installers.end();
}

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
        } else if (options.exact_legacy && is_exact_text(package.raw_version)) {
            constraints.lines.push_back(
                {package.name, name + "===" + package.raw_version, "not a PEP 440 version"});
        } else {
            constraints.left_out.push_back(
                {name, package.raw_version, reason_without_pin(package)});
        }
    }
    add_lines_of_base(inventory, constraints.lines);
    std::stable_sort(constraints.lines.begin(), constraints.lines.end(),
                     [](const auto& a, const auto& b) { return a.name < b.name; });
    constraints.left_out.insert(constraints.left_out.end(), inventory.dropped.begin(),
                                inventory.dropped.end());
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
    // Everything in one order, comments where their pin would be.
    std::vector<std::pair<std::string, std::string>> body;
    body.reserve(pins.size() + lines.size() + left_out.size() + included.size());
    for (const Pin& pin : pins) {
        body.emplace_back(pin.name.str(), pin.to_string());
    }
    for (const ForeignLine& line : lines) {
        body.emplace_back(line.name.str(), line.text + "  # " + text::printable(line.origin, 1000));
    }
    for (const LeftOut& item : left_out) {
        body.emplace_back(item.name, comment_for(item));
    }
    for (const IncludedFile& file : included) {
        body.emplace_back(file.name.str(), "-c " + file.path);
    }
    std::stable_sort(body.begin(), body.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [name, line] : body) {
        text += line + '\n';
    }
    return text;
}

Constraints Constraints::move_out(const packaging::PackageName& name, std::string path) {
    const auto move_if = [](auto& from, auto& to, const auto& is_meant) {
        std::ranges::copy_if(from, std::back_inserter(to), is_meant);
        std::erase_if(from, is_meant);
    };
    const auto is_of_it = [&](const auto& item) { return item.name == name; };
    Constraints own;
    std::copy_n(header.begin(), std::min(header.size(), own_header_lines),
                std::back_inserter(own.header));
    move_if(pins, own.pins, is_of_it);
    move_if(lines, own.lines, is_of_it);
    move_if(left_out, own.left_out, [&](const LeftOut& item) { return item.name == name.str(); });
    included.push_back({.name = name, .path = std::move(path)});
    return own;
}

}  // namespace envpack::env
