#include "audit_parts.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/library_search.hpp"
#include "library_names.hpp"
#include "report_text.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using env::LibraryUse;
using Level = AuditFinding::Level;

/// `libgomp.so.1` of `libgomp-a34b3233.so.1`, as auditwheel renames libraries.
std::string without_hash(const std::string& soname) {
    const std::size_t end = soname.find(".so");
    const std::size_t dash = soname.rfind('-', end);
    constexpr std::size_t digits = 8;
    if (end == std::string::npos || dash == std::string::npos || end - dash - 1 != digits ||
        soname.substr(dash + 1, digits).find_first_not_of("0123456789abcdef") !=
            std::string::npos) {
        return soname;
    }
    return soname.substr(0, dash) + soname.substr(end);
}

class LibraryAudit {
public:
    LibraryAudit(const AuditSubject& subject, AuditReport& report, env::LoaderPaths paths)
        : subject_(subject),
          report_(report),
          search_(*subject.open.tree, std::move(paths),
                  [this](const SafePath& path) { return elf_at(path); }) {
        for (const Binary& binary : subject.binaries) {
            if (binary.elf && binary.is_loaded() && binary.elf->is_dynamic) {
                scanned_.emplace(binary.path, &binary);
                by_name_.emplace(binary.path.name(), &binary);
                if (!binary.elf->soname.empty()) {
                    by_name_.emplace(binary.elf->soname, &binary);
                }
            }
        }
    }

    Result<void> run(const RunContext& run) {
        ENVPACK_CHECK(load_all(run));
        for (const auto& [key, use] : uses_) {
            tell(use);
        }
        tell_missing();
        tell_twice();
        return {};
    }

private:
    /// Files of an environment's machine are read when the loader comes to them.
    Result<const cuda::ElfFile*> elf_at(const SafePath& path) {
        if (const auto found = scanned_.find(path); found != scanned_.end()) {
            return &*found->second->elf;
        }
        if (subject_.disk == nullptr) {
            return nullptr;
        }
        const auto [place, is_new] = others_.try_emplace(path);
        if (is_new) {
            auto file = subject_.disk->open_file(path);
            if (file) {
                ENVPACK_TRY(const ByteRegion bytes,
                            ByteRegion::of_file(*std::move(file), path.str()));
                auto elf = cuda::ElfFile::read(bytes);
                if (elf) {
                    place->second = *std::move(elf);
                }
            }
        }
        return place->second ? &*place->second : nullptr;
    }

    /// Programs and extension modules are started by somebody; what they do not lead to is loaded
    /// by programs that know it by name, or never.
    Result<void> load_all(const RunContext& run) {
        env::LibrarySearch::Process python;
        const SafePath& executable = subject_.inventory.python.executable;
        if (!executable.is_root()) {
            ENVPACK_TRY(auto uses, search_.load(executable, python, run));
            keep(std::move(uses), true);
        }
        for (const bool started : {true, false}) {
            for (const auto& [path, binary] : scanned_) {
                const bool module = is_extension_module(path);
                const bool program = !binary->elf->program_interpreter.empty();
                if (started != (module || program) || reached_.contains(path)) {
                    continue;
                }
                env::LibrarySearch::Process process;
                if (module || (!program && !subject_.package_of(path).empty())) {
                    process = python;
                }
                ENVPACK_TRY(auto uses, search_.load(path, process, run));
                keep(std::move(uses), started);
            }
        }
        return {};
    }

    void keep(std::vector<LibraryUse> uses, bool started) {
        for (LibraryUse& use : uses) {
            if (started) {
                started_.insert(use.file);
                reached_.insert(use.file);
            }
            if (use.how != LibraryUse::How::missing) {
                reached_.insert(use.found);
                if (started) {
                    started_.insert(use.found);
                }
            }
            const auto [place, is_new] = uses_.try_emplace({use.file, use.library}, use);
            if (!is_new && place->second.how == LibraryUse::How::missing) {
                place->second = std::move(use);
            }
        }
    }

    AuditFinding about(const LibraryUse& use, Level level, std::string rule) const {
        return {.level = level,
                .rule = std::move(rule),
                .text = {},
                .file = use.file.str(),
                .package = subject_.owner_of(use.file)};
    }

    void add(AuditFinding finding, std::string text, std::string fix = {}) {
        finding.text = std::move(text);
        finding.fix = std::move(fix);
        report_.findings.push_back(std::move(finding));
    }

    void tell(const LibraryUse& use) {
        if (!scanned_.contains(use.file)) {
            return;  // of the machine below an environment: not ours to judge
        }
        const std::string library = text::printable(use.library);
        if (use.how == LibraryUse::How::missing) {
            note_missing(use, library);
            return;
        }
        tell_place(use, library);
        if (!use.versions_missing.empty()) {
            std::vector<std::string> versions;
            for (const std::string& version : use.versions_missing) {
                versions.push_back(text::printable(version));
            }
            const bool started = started_.contains(use.file);
            add(about(use, started ? Level::error : Level::warning, "audit.missing-version"),
                fmt::format("needs {} of {}, which `{}` does not have", text::join(versions, ", "),
                            library, use.found.str()),
                "take a base that is newer, or a build for an older one");
        }
    }

    void note_missing(const LibraryUse& use, const std::string& library) {
        if (is_of_driver(use.library) ||
            (subject_.is_without_base && is_of_every_system(use.library))) {
            return;
        }
        const auto found = by_name_.find(use.library);
        if (found == by_name_.end()) {
            nowhere_[use.file].push_back(library);
        } else {
            elsewhere_[use.file].push_back(
                fmt::format("{} (`{}`)", library, found->second->path.str()));
        }
    }

    /// One finding a file, whatever it lacks.
    void tell_missing() {
        for (const auto& [file, libraries] : nowhere_) {
            const bool started = started_.contains(file);
            const std::string names = text::join(libraries, ", ");
            AuditFinding finding = about({.file = file}, started ? Level::error : Level::note,
                                         "audit.missing-library");
            add(std::move(finding),
                fmt::format("needs {}, nowhere to be found{}", names,
                            started ? "" : "; no program and no module leads to this file"),
                started ? fmt::format("install what has {}", names) : std::string());
        }
        for (const auto& [file, libraries] : elsewhere_) {
            add(about({.file = file}, Level::note, "audit.loaded-before"),
                fmt::format("needs {}, which its search path does not lead to: it works where they "
                            "are loaded before, as by an import",
                            text::join(libraries, ", ")));
        }
    }

    void tell_place(const LibraryUse& use, const std::string& library) {
        const std::string found = '/' + use.found.str();
        if (found.find("/stubs/") != std::string::npos) {
            add(about(use, Level::error, "audit.stub"),
                fmt::format("would load {} from `{}`, which is only good for linking", library,
                            use.found_as),
                "take the folder out of LD_LIBRARY_PATH and RPATH");
        } else if (is_of_driver(use.library) && !subject_.is_environment()) {
            if (found.find("/compat/") != std::string::npos) {
                add(about(use, Level::note, "audit.compat"),
                    fmt::format("would load {} from `{}` instead of the driver's: that works on "
                                "data-centre GPUs, where the driver is older than it",
                                library, use.found_as));
            } else {
                add(about(use, Level::warning, "audit.driver-library"),
                    fmt::format("would load {} from `{}`, which must come from the host's driver",
                                library, use.found_as),
                    "take the driver's libraries out of the image");
            }
        }
        if (!use.without_env.empty()) {
            add(about(use, Level::warning, "audit.library-path"),
                fmt::format("LD_LIBRARY_PATH makes it load {} from `{}` instead of `{}`", library,
                            use.found_as, use.without_env),
                "take the folder out of LD_LIBRARY_PATH");
        }
    }

    /// Libraries of Python packages that the base or another package has too. A file that has
    /// several names is one.
    void tell_twice() {
        std::map<std::pair<std::string, std::uint16_t>, std::vector<const Binary*>> groups;
        for (const auto& [path, binary] : scanned_) {
            if (binary->elf->soname.starts_with("lib")) {
                groups[{without_hash(binary->elf->soname), binary->elf->machine}].push_back(binary);
            }
        }
        for (auto& [key, files] : groups) {
            std::set<std::string> owners;
            for (const Binary* const file : files) {
                owners.insert(subject_.package_of(file->path));
            }
            if (owners.size() < 2) {
                continue;
            }
            std::ranges::stable_sort(files, std::greater<>(), &Binary::size);
            std::uint64_t again = 0;
            std::vector<std::string> places;
            for (const Binary* const file : files) {
                again += file == files.front() ? 0 : file->size;
                places.push_back(
                    fmt::format("`{}` ({})", file->path.str(), byte_count(file->size)));
            }
            report_.shipped_twice += again;
            report_.findings.push_back(
                {.level = Level::note,
                 .rule = "audit.shipped-twice",
                 .text = fmt::format("{} is there {} times, {} too much: {}",
                                     text::printable(key.first), files.size(), byte_count(again),
                                     text::join(places, ", ")),
                 .file = files.front()->path.str(),
                 .package = subject_.owner_of(files.front()->path)});
        }
    }

    const AuditSubject& subject_;
    AuditReport& report_;
    std::map<SafePath, const Binary*> scanned_;
    std::map<std::string, const Binary*, std::less<>> by_name_;
    std::unordered_map<SafePath, std::optional<cuda::ElfFile>> others_;
    env::LibrarySearch search_;
    /// By the file that needs, and the name that it needs.
    std::map<std::pair<SafePath, std::string>, LibraryUse> uses_;
    std::set<SafePath> reached_;  ///< loaded by something, or loading
    std::set<SafePath> started_;  ///< those of them that a program or module leads to
    std::map<SafePath, std::vector<std::string>> nowhere_;
    std::map<SafePath, std::vector<std::string>> elsewhere_;
};

}  // namespace

Result<void> audit_libraries(const AuditSubject& subject, AuditReport& report,
                             const RunContext& run) {
    ENVPACK_TRY(env::LoaderPaths paths,
                env::loader_paths(*subject.open.tree, subject.open.environment));
    return LibraryAudit(subject, report, std::move(paths)).run(run);
}

}  // namespace envpack::pipeline
