#include "envpack/env/library_search.hpp"

#include <algorithm>
#include <utility>

namespace envpack::env {
namespace {

constexpr std::size_t max_loaded_files = 10'000;

/// `$ORIGIN/../lib` with every token replaced; empty for a path that the loader would look up in
/// the working folder. `$LIB` has two values in use.
std::vector<std::string> expanded(const std::string& folder, std::string_view origin) {
    std::string text = folder;
    const auto replace = [&text](std::string_view token, std::string_view value) {
        bool found = false;
        for (const std::string& form :
             {"${" + std::string(token) + "}", "$" + std::string(token)}) {
            for (std::size_t at = 0; (at = text.find(form, at)) != std::string::npos;) {
                text.replace(at, form.size(), value);
                at += value.size();
                found = true;
            }
        }
        return found;
    };
    replace("ORIGIN", origin);
    replace("PLATFORM", "x86_64");
    const std::string plain = text;
    std::vector<std::string> all;
    if (replace("LIB", "lib64")) {
        all.push_back(text);
        text = plain;
        replace("LIB", "lib");
    }
    all.push_back(text);
    std::erase_if(all, [](const std::string& path) { return !path.starts_with('/'); });
    return all;
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::vector<std::string> versions_missing(const cuda::ElfFile& file, const std::string& library,
                                          const cuda::ElfFile& found) {
    std::vector<std::string> missing;
    if (found.version_definitions.empty()) {
        return missing;  // the loader only warns
    }
    for (const cuda::VersionNeed& need : file.version_needs) {
        if (need.library != library && need.library != found.soname) {
            continue;
        }
        for (const std::string& version : need.versions) {
            if (std::ranges::find(found.version_definitions, version) ==
                found.version_definitions.end()) {
                missing.push_back(version);
            }
        }
    }
    return missing;
}

}  // namespace

LibrarySearch::LibrarySearch(const archive::FileTree& tree, LoaderPaths paths, ElfAt elf_at)
    : tree_(tree), paths_(std::move(paths)), elf_at_(std::move(elf_at)) {
    for (const std::string& folder : paths_.hwcaps) {
        levels_.push_back('/' + folder);
    }
    levels_.emplace_back();
}

Result<const LibrarySearch::Candidate*> LibrarySearch::at(const std::string& path) {
    const auto [place, is_new] = known_.try_emplace(path);
    if (!is_new) {
        return place->second.get();
    }
    const auto normal = SafePath::normalize(path);
    if (!normal) {
        return nullptr;
    }
    ENVPACK_TRY(const auto real, archive::resolve(tree_, *normal));
    if (!real) {
        return nullptr;
    }
    ENVPACK_TRY(const cuda::ElfFile* const elf, elf_at_(*real));
    if (elf != nullptr) {
        place->second = std::make_unique<Candidate>(Candidate{.real = *real, .elf = elf});
    }
    return place->second.get();
}

Result<const LibrarySearch::Candidate*> LibrarySearch::in(const std::vector<std::string>& folders,
                                                          std::string_view origin,
                                                          const std::string& name,
                                                          const cuda::ElfFile& asking,
                                                          std::string& found_as) {
    for (const std::string& folder : folders) {
        for (const std::string& place : expanded(folder, origin)) {
            for (const std::string& level : levels_) {
                std::string path = place;
                path.append(level).append("/").append(name);
                ENVPACK_TRY(const Candidate* const candidate, at(path));
                if (candidate != nullptr && asking.can_load(*candidate->elf)) {
                    found_as = std::move(path);
                    return candidate;
                }
            }
        }
    }
    return nullptr;
}

Result<LibrarySearch::Search> LibrarySearch::find(const Process& process, std::size_t by,
                                                  const std::string& name) {
    using How = LibraryUse::How;
    const Process::Loaded& asking = process.files[by];
    const cuda::ElfFile& file = *asking.elf;
    Search search;
    if (name.find('/') != std::string::npos) {
        ENVPACK_TRY(search.found, at(name));
        search.how = How::path;
        search.place = name;
        return search;
    }
    search.how = How::rpath;
    for (std::optional<std::size_t> one = by; one && file.runpath.empty();) {
        const Process::Loaded& loader = process.files[*one];
        if (loader.elf->runpath.empty()) {
            ENVPACK_TRY(search.found,
                        in(loader.elf->rpath, loader.origin, name, file, search.place));
            if (search.found != nullptr) {
                return search;
            }
        }
        one = loader.loader;
    }
    // What would be found without LD_LIBRARY_PATH is looked for too: it may be another file.
    Search later{.how = How::runpath};
    ENVPACK_TRY(later.found, in(file.runpath, asking.origin, name, file, later.place));
    if (later.found == nullptr) {
        later.how = How::system;
        ENVPACK_TRY(later.found, in(paths_.system, asking.origin, name, file, later.place));
    }
    search.how = How::environment;
    ENVPACK_TRY(search.found, in(paths_.environment, asking.origin, name, file, search.place));
    if (search.found == nullptr) {
        return later;
    }
    if (later.found != nullptr && later.found->real != search.found->real) {
        search.without_env = later.place;
    }
    return search;
}

Result<LibraryUse> LibrarySearch::use(Process& process, std::size_t by, const std::string& name) {
    const cuda::ElfFile& file = *process.files[by].elf;
    LibraryUse use{.file = process.files[by].path, .library = name};
    if (const auto loaded = process.names.find(name); loaded != process.names.end()) {
        const Process::Loaded& one = process.files[loaded->second];
        use.how = LibraryUse::How::loaded;
        use.found = one.path;
        use.versions_missing = versions_missing(file, name, *one.elf);
        return use;
    }
    ENVPACK_TRY(const Search search, find(process, by, name));
    if (search.found == nullptr) {
        return use;
    }
    use.how = search.how;
    use.found = search.found->real;
    use.found_as = search.place;
    use.without_env = search.without_env;
    use.versions_missing = versions_missing(file, name, *search.found->elf);
    // Another name of a file that is loaded is that file.
    const auto same = std::ranges::find(process.files, use.found, &Process::Loaded::path);
    const auto index = static_cast<std::size_t>(same - process.files.begin());
    if (same == process.files.end()) {
        process.files.push_back({.path = use.found,
                                 .origin = folder_of(search.place),
                                 .elf = search.found->elf,
                                 .loader = by});
    }
    process.names.try_emplace(name, index);
    if (!search.found->elf->soname.empty()) {
        process.names.try_emplace(search.found->elf->soname, index);
    }
    return use;
}

Result<std::vector<LibraryUse>> LibrarySearch::load(const SafePath& root, Process& process,
                                                    const RunContext& run) {
    std::vector<LibraryUse> uses;
    ENVPACK_TRY(const cuda::ElfFile* const elf, elf_at_(root));
    if (elf == nullptr) {
        return uses;
    }
    const std::size_t first = process.files.size();
    process.files.push_back({.path = root,
                             .origin = folder_of('/' + root.str()),
                             .elf = elf,
                             .loader = first == 0 ? std::nullopt : std::optional<std::size_t>(0)});
    if (!elf->soname.empty()) {
        process.names.try_emplace(elf->soname, first);
    }
    for (std::size_t i = first; i < process.files.size() && i < max_loaded_files; ++i) {
        ENVPACK_CHECK(run.check());
        for (const std::string& name : process.files[i].elf->needed) {
            ENVPACK_TRY(LibraryUse one, use(process, i, name));
            uses.push_back(std::move(one));
        }
    }
    return uses;
}

}  // namespace envpack::env
