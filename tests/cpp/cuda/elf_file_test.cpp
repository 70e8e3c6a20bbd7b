#include "envpack/cuda/elf_file.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

ByteRegion region_of(const std::string& path) {
    return ByteRegion::of_file(open_for_reading(path).value(), path).value();
}

std::string output_of(const std::string& command) {
    std::string text;
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
        text.append(buffer.data(), n);
    }
    ::pclose(pipe);
    return text;
}

/// What stands between `[` and `]` in lines with `tag`.
std::vector<std::string> bracketed(const std::string& text, std::string_view tag) {
    std::vector<std::string> all;
    for (const std::string_view line : text::lines(text)) {
        if (line.find(tag) != std::string_view::npos) {
            const std::size_t begin = line.find('[') + 1;
            all.emplace_back(line.substr(begin, line.rfind(']') - begin));
        }
    }
    return all;
}

using Versions = std::multiset<std::string>;

struct Symbols {
    Versions needs;  ///< "libc.so.6 GLIBC_2.34"
    Versions definitions;
};

Symbols symbols_of(const std::string& readelf) {
    Symbols symbols;
    std::string library;
    bool defines = false;
    for (const std::string_view line : text::lines(readelf)) {
        const std::vector<std::string_view> words = text::words(line);
        const auto after = [&](std::string_view key) -> std::string {
            const auto found = std::ranges::find(words, key);
            return found == words.end() || found + 1 == words.end() ? "" : std::string(found[1]);
        };
        if (line.find(" section '") != std::string_view::npos) {
            defines = line.find("definition") != std::string_view::npos;
        } else if (defines && line.find("Rev:") != std::string_view::npos) {
            if (after("Flags:") != "BASE") {
                symbols.definitions.insert(after("Name:"));
            }
        } else if (!after("File:").empty()) {
            library = after("File:");
        } else if (!after("Name:").empty() && !defines && after("Flags:") != "WEAK") {
            symbols.needs.insert(library + ' ' + after("Name:"));
        }
    }
    return symbols;
}

/// Every library and program of some folders of this machine.
std::vector<std::string> files_of_this_machine() {
    std::vector<std::string> paths;
    for (const char* folder :
         {"/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"}) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
            if (entry.is_regular_file() && !entry.is_symlink()) {
                paths.push_back(entry.path().string());
            }
        }
    }
    std::ranges::sort(paths);
    return paths;
}

TEST(ElfFile, SaysWhatReadelfSays) {
    if (!std::filesystem::exists("/usr/bin/readelf")) {
        GTEST_SKIP() << "there is no readelf";
    }
    std::size_t compared = 0;
    for (const std::string& path : files_of_this_machine()) {
        if (compared >= 150) {
            break;
        }
        const auto file = ElfFile::read(region_of(path));
        ASSERT_TRUE(file) << path << ": " << file.error().render();
        if (!*file || !(*file)->is_dynamic) {
            continue;
        }
        ++compared;
        const std::string told = output_of("readelf -dVW '" + path + "' 2>/dev/null");
        EXPECT_EQ((*file)->needed, bracketed(told, "(NEEDED)")) << path;
        const auto soname = bracketed(told, "(SONAME)");
        EXPECT_EQ((*file)->soname, soname.empty() ? "" : soname.at(0)) << path;
        const auto runpath = bracketed(told, "(RUNPATH)");
        EXPECT_EQ(text::join((*file)->runpath, ":"), runpath.empty() ? "" : runpath.at(0)) << path;
        const auto rpath = bracketed(told, "(RPATH)");
        EXPECT_EQ(text::join((*file)->rpath, ":"), rpath.empty() ? "" : rpath.at(0)) << path;
        const Symbols symbols = symbols_of(told);
        Versions needs;
        for (const VersionNeed& need : (*file)->version_needs) {
            for (const std::string& version : need.versions) {
                needs.insert(need.library + ' ' + version);
            }
        }
        EXPECT_EQ(needs, symbols.needs) << path;
        EXPECT_EQ(
            Versions((*file)->version_definitions.begin(), (*file)->version_definitions.end()),
            symbols.definitions)
            << path;
    }
    EXPECT_GT(compared, 20U);
}

TEST(ElfFile, OtherFilesAreNone) {
    for (const std::string text : {"", "\x7f", "#!/bin/sh\n", "!<arch>\n"}) {
        EXPECT_FALSE(ElfFile::read(ByteRegion(text)).value());
    }
}

/// No cut and no flipped byte of the tables makes it crash or read without bounds.
TEST(ElfFile, DamageIsAnErrorOrAnotherFile) {
    std::string whole = read_file("/proc/self/exe", std::size_t{1} << 30).value();
    ASSERT_TRUE(ElfFile::read(ByteRegion(whole)).value().has_value());
    for (std::size_t length = 4; length < 1200; length += 7) {
        const auto cut = ElfFile::read(ByteRegion(whole.substr(0, length)));
        EXPECT_FALSE(cut) << length;
        EXPECT_TRUE(cut.error().rule().starts_with("elf."));
    }
    const std::string front = whole.substr(0, 65536);
    for (std::size_t i = 5; i < 1024; ++i) {
        std::string damaged = front;
        damaged[i] = static_cast<char>(damaged[i] ^ 0xFF);
        static_cast<void>(ElfFile::read(ByteRegion(std::move(damaged))));
    }
}

}  // namespace
}  // namespace envpack::cuda
