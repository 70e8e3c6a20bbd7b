#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::test {

/// The bytes of a planned file, or `<why there are none>`.
inline std::string text_of(const archive::Content& content) {
    auto source = content.open();
    if (!source) {
        return "<" + source.error().render() + ">";
    }
    auto text = read_all(**source, SIZE_MAX);
    return text ? *std::move(text) : "<" + text.error().render() + ">";
}

/// nullptr when the plan has no such path.
inline const archive::PlannedEntry* find_entry(const std::vector<archive::PlannedEntry>& entries,
                                               std::string_view path) {
    for (const archive::PlannedEntry& entry : entries) {
        if (entry.path.str() == path) {
            return &entry;
        }
    }
    return nullptr;
}

/// One line for a path: "0755 #!/bin/sh…" for a file, "-> target" for a link, "/" for a folder.
inline std::map<std::string, std::string> shown(const std::vector<archive::PlannedEntry>& entries) {
    std::map<std::string, std::string> lines;
    for (const archive::PlannedEntry& entry : entries) {
        switch (entry.type) {
            case archive::FileType::directory:
                lines[entry.path.str()] = "/";
                break;
            case archive::FileType::symlink:
                lines[entry.path.str()] = "-> " + entry.link_target;
                break;
            default:
                lines[entry.path.str()] =
                    (entry.mode == 0755 ? "0755 " : "0644 ") + text_of(entry.content);
        }
    }
    return lines;
}

/// What shown() would say of a folder on disk; folders that hold something are left out.
inline std::map<std::string, std::string> shown(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    std::map<std::string, std::string> lines;
    for (const auto& item : fs::recursive_directory_iterator(folder)) {
        const std::string name = item.path().lexically_relative(folder).string();
        if (item.is_symlink()) {
            lines[name] = "-> " + fs::read_symlink(item.path()).string();
        } else if (item.is_directory()) {
            if (fs::is_empty(item.path())) {
                lines[name] = "/";
            }
        } else {
            std::ifstream in(item.path(), std::ios::binary);
            const bool executable =
                (item.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
            lines[name] = (executable ? "0755 " : "0644 ") +
                          std::string(std::istreambuf_iterator<char>(in), {});
        }
    }
    return lines;
}

/// Writes a plan below `root`, parents included.
inline void write_entries(const std::vector<archive::PlannedEntry>& entries,
                          const std::filesystem::path& root) {
    namespace fs = std::filesystem;
    for (const archive::PlannedEntry& entry : entries) {
        const fs::path path = root / entry.path.str();
        fs::create_directories(path.parent_path());
        if (entry.type == archive::FileType::directory) {
            fs::create_directories(path);
        } else if (entry.type == archive::FileType::symlink) {
            fs::create_symlink(entry.link_target, path);
        } else {
            const std::string text = text_of(entry.content);
            std::ofstream(path, std::ios::binary)
                .write(text.data(), static_cast<std::streamsize>(text.size()));
            fs::permissions(path, static_cast<fs::perms>(entry.mode));
        }
    }
}

}  // namespace envpack::test
