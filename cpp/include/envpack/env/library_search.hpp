#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/cuda/elf_file.hpp"
#include "envpack/env/loader_paths.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace envpack::env {

/// Gives the ELF file at a path behind all links; nullptr when there is none, or a damaged one.
using ElfAt = std::function<Result<const cuda::ElfFile*>(const SafePath& path)>;

/// A library that a file needs, and what the loader makes of it. Value; not synchronised.
struct LibraryUse {
    enum class How : std::uint8_t {
        missing,      ///< not found, nor loaded before by what the process has already
        loaded,       ///< already there under that name
        path,         ///< the name is a path
        rpath,        ///< DT_RPATH of the file, or of one that led to it
        environment,  ///< LD_LIBRARY_PATH
        runpath,      ///< DT_RUNPATH of the file
        system,       ///< ld.so.conf or the loader's own folders
    };
    How how = How::missing;
    SafePath file = {};            ///< that needs it
    std::string library = {};      ///< as the file names it
    SafePath found = {};           ///< behind all links; of `missing` the root
    std::string found_as = {};     ///< where the loader looked: `/usr/lib/libx.so.1`
    std::string without_env = {};  ///< of `environment`: what would have been found else, if that
                                   ///< is another file
    std::vector<std::string> versions_missing = {};  ///< symbol versions that `found` lacks
};

/// The dynamic loader of a tree (ld.so(8)), without running it. One thread.
///
/// 1. A name that is loaded already is taken, whoever loaded it.
/// 2. DT_RPATH of the file and of those that led to it, unless the file has DT_RUNPATH.
/// 3. LD_LIBRARY_PATH. 4. DT_RUNPATH of the file. 5. The system's folders.
///
/// Of each folder the subfolders of glibc-hwcaps go first. A library of another machine or class is
/// passed over, as the loader does.
class LibrarySearch {
public:
    LibrarySearch(const archive::FileTree& tree, LoaderPaths paths, ElfAt elf_at);

    /// What is loaded when `root` is executed, or opened by `process` where that has files already:
    /// each library that one of the new files needs, in the loader's order (breadth first).
    struct Process;
    Result<std::vector<LibraryUse>> load(const SafePath& root, Process& process,
                                         const RunContext& run);

private:
    struct Candidate {
        SafePath real;
        const cuda::ElfFile* elf;
    };
    /// Where a name was looked for, and what was there.
    struct Search {
        LibraryUse::How how = LibraryUse::How::missing;
        const Candidate* found = nullptr;
        std::string place = {};
        std::string without_env = {};
    };
    Result<const Candidate*> at(const std::string& path);
    Result<Search> find(const Process& process, std::size_t by, const std::string& name);
    /// Loads what it finds.
    Result<LibraryUse> use(Process& process, std::size_t by, const std::string& name);
    Result<const Candidate*> in(const std::vector<std::string>& folders, std::string_view origin,
                                const std::string& name, const cuda::ElfFile& asking,
                                std::string& found_as);

    const archive::FileTree& tree_;
    LoaderPaths paths_;
    ElfAt elf_at_;
    std::vector<std::string> levels_;  ///< what stands between folder and name, best first
    /// By absolute path; null where nothing can be loaded.
    std::unordered_map<std::string, std::unique_ptr<Candidate>> known_;
};

/// What a process has loaded. Copy it to try several things on top. Value; not synchronised.
struct LibrarySearch::Process {
    struct Loaded {
        SafePath path;       ///< behind all links
        std::string origin;  ///< folder that `$ORIGIN` stands for
        const cuda::ElfFile* elf = nullptr;
        std::optional<std::size_t> loader = {};  ///< index of the one that needed it first
    };
    std::vector<Loaded> files = {};
    std::map<std::string, std::size_t, std::less<>> names = {};  ///< sonames and names of `files`
};

}  // namespace envpack::env
