#pragma once

#include "envpack/archive/memory_tree.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

// Trees with a Python in them, made in memory: nothing of them can be run.

namespace envpack::test {

/// The front of an x86_64 ELF program whose loader is `loader`, and behind it `text`, as a program
/// holds its strings.
inline std::string elf_program(std::string_view text = {},
                               std::string_view loader = "/lib64/ld-linux-x86-64.so.2",
                               unsigned machine = 62) {
    std::string elf(64 + 56, '\0');
    const auto put = [&](std::size_t offset, std::uint64_t value, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            elf[offset + i] = static_cast<char>(value >> (8 * i) & 0xff);
        }
    };
    elf.replace(0, 7,
                "\x7f"
                "ELF\x02\x01\x01");
    put(16, 2, 2);                  // e_type: executable
    put(18, machine, 2);            // e_machine
    put(32, 64, 8);                 // e_phoff
    put(54, 56, 2);                 // e_phentsize
    put(56, 1, 2);                  // e_phnum
    put(64, 3, 4);                  // p_type: PT_INTERP
    put(72, elf.size(), 8);         // p_offset
    put(96, loader.size() + 1, 8);  // p_filesz
    elf += loader;
    elf += '\0';
    elf += text;
    return elf;
}

/// `version` as a C string among others.
inline std::string c_string(std::string_view version) {
    return std::string("some\0", 5) + std::string(version) + std::string("\0text\0", 6);
}

/// usr/bin/python3 -> python3.11 with its standard library, glibc and loader, as on Debian 12.
inline void add_python(archive::MemoryTree& tree, const std::string& prefix = "usr",
                       const std::string& minor = "3.11", const std::string& full = "3.11.2") {
    tree.add_file(prefix + "/bin/python" + minor, elf_program(c_string(full)), 0755);
    tree.add_symlink(prefix + "/bin/python3", "python" + minor);
    tree.add_file(prefix + "/lib/python" + minor + "/os.py", "");
}

inline void add_glibc(archive::MemoryTree& tree) {
    tree.add_symlink("lib64", "usr/lib64");
    tree.add_symlink("lib", "usr/lib");
    tree.add_symlink("usr/lib64/ld-linux-x86-64.so.2",
                     "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
    tree.add_file("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", elf_program(), 0755);
    tree.add_file("usr/lib/x86_64-linux-gnu/libc.so.6",
                  elf_program(c_string("GNU C Library (Debian GLIBC 2.36-9+deb12u9) stable release "
                                       "version 2.36.\nCopyright")));
}

/// `folder`/name-version.dist-info with METADATA, INSTALLER and RECORD.
inline void add_dist_info(archive::MemoryTree& tree, const std::string& folder,
                          const std::string& name, const std::string& version,
                          const std::string& more_headers = {},
                          const std::string& installer = "pip\n") {
    const std::string path = folder + '/' + name + '-' + version + ".dist-info/";
    tree.add_file(path + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: " +
                                         version + '\n' + more_headers + "\nA description.\n");
    if (!installer.empty()) {
        tree.add_file(path + "INSTALLER", installer);
    }
    if (installer != "debian\n") {
        tree.add_file(path + "RECORD", "");
    }
}

}  // namespace envpack::test
