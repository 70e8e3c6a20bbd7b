#include "needed_libraries.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/byte_region.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/library_search.hpp"
#include "envpack/env/loader_paths.hpp"
#include "image_elves.hpp"
#include "library_names.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using archive::PlannedEntry;
using env::LibrarySearch;
using env::LibraryUse;

constexpr std::string_view missing_rule = "build.missing-library";
constexpr std::string_view libc_rule = "build.libc";

std::string image_path(const SafePath& path) {
    return fmt::format("`/{}`", path.str());
}

Error unfit_binary(std::string_view rule, std::string message, std::string hint) {
    return Error(ErrorCode::invalid_argument, std::move(message))
        .with_rule(std::string(rule))
        .with_hint(std::move(hint));
}

/// A program or shared object of --add.
struct AddedBinary {
    SafePath path;    ///< in the image
    SafePath source;  ///< on this machine, behind all links
    bool is_program = false;

    bool is_module() const noexcept { return !is_program && is_extension_module(path); }
};

/// The loader of this machine, as `ldd` would ask it. One thread.
class MachineLibraries {
public:
    static Result<MachineLibraries> open(const UserConfig& user) {
        auto disk = std::make_unique<archive::DiskTree>("/");
        env::Environment variables;
        if (const std::string_view folders = user.variable("LD_LIBRARY_PATH"); !folders.empty()) {
            variables.emplace("LD_LIBRARY_PATH", folders);
        }
        ENVPACK_TRY(env::LoaderPaths paths, env::loader_paths(*disk, variables));
        paths.hwcaps.clear();  // a copy has to run on every processor
        return MachineLibraries(std::move(disk), std::move(paths));
    }

    /// Where a file that is needed by `root`, directly or not, is on this machine; nullopt where
    /// the loader finds none.
    Result<std::optional<SafePath>> find(const SafePath& root, const std::string& library,
                                         const RunContext& run) {
        const auto [place, is_new] = processes_.try_emplace(root);
        if (is_new) {
            LibrarySearch search(*disk_, paths_, [this](const SafePath& path) { return at(path); });
            ENVPACK_CHECK(search.load(root, place->second, run));
        }
        const LibrarySearch::Process& process = place->second;
        const auto found = process.names.find(library);
        if (found == process.names.end()) {
            return std::nullopt;
        }
        return process.files[found->second].path;
    }

    const archive::DiskTree& disk() const noexcept { return *disk_; }

private:
    MachineLibraries(std::unique_ptr<archive::DiskTree> disk, env::LoaderPaths paths)
        : disk_(std::move(disk)), paths_(std::move(paths)) {}

    Result<const cuda::ElfFile*> at(const SafePath& path) {
        const auto [place, is_new] = known_.try_emplace(path);
        if (is_new) {
            if (auto file = disk_->open_file(path)) {
                ENVPACK_TRY(const ByteRegion bytes,
                            ByteRegion::of_file(*std::move(file), path.str()));
                ENVPACK_TRY(place->second, elf_or_nothing(bytes));
            }
        }
        return place->second ? &*place->second : nullptr;
    }

    std::unique_ptr<archive::DiskTree> disk_;
    env::LoaderPaths paths_;
    std::unordered_map<SafePath, std::optional<cuda::ElfFile>> known_;
    std::map<SafePath, LibrarySearch::Process> processes_;
};

/// Puts the image and this machine together. One thread.
class LibraryCopy {
public:
    LibraryCopy(archive::PlannedTree image, const BuildBase& base, MachineLibraries machine,
                env::LoaderPaths paths, std::filesystem::path scratch)
        : image_(std::move(image)),
          python_(base.inventory.python.executable),
          machine_(std::move(machine)),
          paths_(std::move(paths)),
          elves_(image_, *base.layers, *base.image, std::move(scratch)) {}

    Result<NeededLibraries> run(const std::vector<PlannedEntry>& added, const RunContext& run) {
        ENVPACK_CHECK(find_binaries(added, run));
        ENVPACK_CHECK(check_loaders(run));
        // Each round reads files of the base that came into sight, or copies one more library.
        for (;;) {
            ENVPACK_CHECK(run.check());
            ENVPACK_TRY(const std::vector<Need> needs, load_all(run));
            ENVPACK_TRY(const bool has_read, elves_.read_asked(run));
            if (has_read) {
                continue;
            }
            ENVPACK_TRY(const bool has_copied, copy_missing(needs, run));
            if (!has_copied) {
                ENVPACK_CHECK(check_versions(needs));
                std::ranges::sort(result_.libraries, {}, &CopiedLibrary::path);
                return std::move(result_);
            }
        }
    }

private:
    /// A library that is needed, and for which file of --add the loader came to it.
    struct Need {
        LibraryUse use;
        std::size_t binary;
    };

    Result<void> find_binaries(const std::vector<PlannedEntry>& added, const RunContext& run) {
        for (const PlannedEntry& entry : added) {
            if (entry.type != archive::FileType::regular || entry.content.file() == nullptr) {
                continue;
            }
            ENVPACK_TRY(const cuda::ElfFile* const elf, elves_.at(entry.path, run));
            if (elf == nullptr || !elf->is_dynamic) {
                continue;
            }
            ENVPACK_TRY(SafePath source, SafePath::normalize(*entry.content.file()));
            ours_.insert(entry.path);
            binaries_.push_back({.path = entry.path,
                                 .source = std::move(source),
                                 .is_program = !elf->program_interpreter.empty()});
        }
        // Programs first: what they load is not looked at by itself.
        std::ranges::stable_sort(binaries_, std::greater<>(), &AddedBinary::is_program);
        return {};
    }

    bool has_modules() const noexcept {
        return std::ranges::any_of(binaries_, &AddedBinary::is_module);
    }

    Result<std::vector<Need>> load_all(const RunContext& run) {
        LibrarySearch search(image_, paths_,
                             [&](const SafePath& path) { return elves_.at(path, run); });
        LibrarySearch::Process python;
        if (!python_.is_root() && has_modules()) {
            ENVPACK_CHECK(search.load(python_, python, run));
        }
        std::vector<Need> needs;
        std::set<SafePath> reached;
        for (std::size_t i = 0; i < binaries_.size(); ++i) {
            const AddedBinary& binary = binaries_[i];
            if (reached.contains(binary.path)) {
                continue;
            }
            LibrarySearch::Process process;
            if (binary.is_module()) {
                process = python;
            }
            ENVPACK_TRY(std::vector<LibraryUse> uses, search.load(binary.path, process, run));
            for (LibraryUse& use : uses) {
                reached.insert(use.found);
                needs.push_back({.use = std::move(use), .binary = i});
            }
        }
        return needs;
    }

    /// Copies what is missing now; what the copies need is missing in the next round.
    Result<bool> copy_missing(const std::vector<Need>& needs, const RunContext& run) {
        std::vector<PlannedEntry> copies;
        std::set<std::string> names;
        for (const Need& need : needs) {
            const LibraryUse& use = need.use;
            if (use.how != LibraryUse::How::missing || is_of_driver(use.library) ||
                !names.insert(use.library).second) {
                continue;
            }
            ENVPACK_TRY(PlannedEntry entry, copy_of(need, needs, run));
            copies.push_back(std::move(entry));
        }
        image_.add(copies);
        for (PlannedEntry& entry : copies) {
            ours_.insert(entry.path);
            result_.entries.push_back(std::move(entry));
        }
        return !copies.empty();
    }

    Result<PlannedEntry> copy_of(const Need& need, const std::vector<Need>& needs,
                                 const RunContext& run) {
        const std::string& library = need.use.library;
        const std::string needed =
            fmt::format("{} needs {}", image_path(need.use.file), text::printable(library));
        if (is_of_libc(library)) {
            return fail(unfit_binary(libc_rule,
                                     needed + " of the C library, which the base does not have",
                                     "take a base with the C library that it was compiled with"));
        }
        const auto name = SafePath::parse(library);
        if (!name || !name->parent().is_root()) {
            return fail(unfit_binary(missing_rule,
                                     needed + ", by a path that the image does not have",
                                     "bring it yourself: --add SRC:DST"));
        }
        ENVPACK_TRY(const auto source, machine_.find(binaries_[need.binary].source, library, run));
        if (!source) {
            return fail(unfit_binary(
                missing_rule, needed + ", which neither the image nor this machine has",
                "install it here, name its folder with LD_LIBRARY_PATH, or bring it: --add"));
        }
        ENVPACK_TRY(const SafePath folder, library_folder(needs));
        const std::filesystem::path file = machine_.disk().root() / source->str();
        ENVPACK_TRY(const auto info, machine_.disk().lookup(*source));
        PlannedEntry entry{.path = folder.join(*name),
                           .content = archive::Content::of_file(file, info ? info->size : 0)};
        ENVPACK_TRY(const auto bytes, entry.content.open());
        ENVPACK_TRY(entry.sha256, with_context(Digest::of(*bytes, run),
                                               fmt::format("while reading `{}`", file.string())));
        result_.libraries.push_back({.path = "/" + entry.path.str(),
                                     .needed_by = "/" + need.use.file.str(),
                                     .source = file});
        return entry;
    }

    /// Where the image's loader finds its C library: a folder that is compiled into it.
    Result<SafePath> library_folder(const std::vector<Need>& needs) const {
        for (const Need& need : needs) {
            const LibraryUse& use = need.use;
            if (use.how == LibraryUse::How::missing ||
                (!use.library.starts_with("libc.so.") && !use.library.starts_with("libc.musl-"))) {
                continue;
            }
            for (const std::string& folder : paths_.system) {
                const auto path = SafePath::normalize(folder + "/" + use.library);
                ENVPACK_TRY(const auto real, archive::resolve(image_, path ? *path : SafePath()));
                if (real && *real == use.found) {
                    ENVPACK_TRY(const auto place, archive::resolve(image_, path->parent()));
                    return place.value_or(path->parent());
                }
            }
        }
        return fail(unfit_binary(libc_rule, "no C library of the base is found for what is added",
                                 "was it compiled for the base's kind of machine?"));
    }

    Result<void> check_versions(const std::vector<Need>& needs) const {
        for (const Need& need : needs) {
            const LibraryUse& use = need.use;
            if (use.versions_missing.empty() || !ours_.contains(use.file)) {
                continue;
            }
            std::vector<std::string> versions;
            for (const std::string& version : use.versions_missing) {
                versions.push_back(text::printable(version));
            }
            return fail(unfit_binary(
                "build.symbol-version",
                fmt::format("{} needs {} of {}, which {} of the image does not have",
                            image_path(use.file), text::join(versions, ", "),
                            text::printable(use.library), image_path(use.found)),
                "take a newer base, or compile on a machine that is as old as the base; what the "
                "base has is never replaced"));
        }
        return {};
    }

    /// PT_INTERP of the programs.
    Result<void> check_loaders(const RunContext& run) {
        for (const AddedBinary& binary : binaries_) {
            if (!binary.is_program) {
                continue;
            }
            ENVPACK_TRY(const cuda::ElfFile* const elf, elves_.at(binary.path, run));
            const std::string loader = elf == nullptr ? "" : elf->program_interpreter;
            const auto path = SafePath::normalize(loader);
            ENVPACK_TRY(const auto there, archive::stat(image_, path ? *path : SafePath()));
            if (!path || !there || there->type != archive::FileType::regular) {
                return fail(
                    unfit_binary(libc_rule,
                                 fmt::format("{} is started by `{}`, which the base does not have",
                                             image_path(binary.path), text::printable(loader)),
                                 "take a base with the C library that it was compiled with"));
            }
        }
        return {};
    }

    archive::PlannedTree image_;
    SafePath python_;
    MachineLibraries machine_;
    env::LoaderPaths paths_;
    ImageElves elves_;
    std::vector<AddedBinary> binaries_;
    std::set<SafePath> ours_;  ///< added and copied: what has to run
    NeededLibraries result_;
};

}  // namespace

Result<NeededLibraries> needed_libraries(const std::vector<PlannedEntry>& added,
                                         const archive::PlannedTree& image, const BuildBase& base,
                                         const env::Environment& variables, const UserConfig& user,
                                         const RunContext& run) {
    ENVPACK_TRY(MachineLibraries machine, MachineLibraries::open(user));
    ENVPACK_TRY(env::LoaderPaths paths, env::loader_paths(image, variables));
    LibraryCopy copy(image, base, std::move(machine), std::move(paths),
                     user.cache_directory() / "scratch");
    return copy.run(added, run);
}

}  // namespace envpack::pipeline
