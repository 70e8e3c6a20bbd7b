#include "envpack/env/interpreter.hpp"

#include "describe_interpreter.hpp"
#include "envpack/base/text.hpp"
#include "prefix_layout.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace envpack::env {
namespace {

/// What container engines use when an image sets no PATH.
constexpr std::string_view default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where images keep a Python that their PATH does not name.
constexpr std::array<std::string_view, 4> usual_folders = {"/usr/local/bin", "/usr/bin",
                                                           "/opt/venv/bin", "/opt/conda/bin"};

/// Executables that begin an ELF file, by folder, each real file once.
class Search {
public:
    Search(const archive::FileTree& tree, const RunContext& run) : tree_(tree), run_(run) {}

    /// Puts the folder at the end of those that are looked at; one that is not there is ignored.
    Result<void> add_folder(std::string_view text) {
        if (!text.starts_with('/')) {
            return {};  // relative to a working folder that a tree does not have
        }
        ENVPACK_TRY(const auto folder, find_directory(tree_, text));
        if (folder && std::find(folders_.begin(), folders_.end(), *folder) == folders_.end()) {
            folders_.push_back(*folder);
        }
        return {};
    }

    /// The first folder that has `name`.
    Result<std::optional<Interpreter>> first(std::string_view name) const {
        for (const SafePath& folder : folders_) {
            ENVPACK_CHECK(run_.check());
            ENVPACK_TRY(auto found, describe_executable(tree_, folder / name, run_));
            if (found) {
                return found;
            }
        }
        return std::optional<Interpreter>();
    }

    Result<std::vector<SafePath>> others(const SafePath& chosen) const {
        std::vector<SafePath> found;
        for (const SafePath& folder : folders_) {
            ENVPACK_TRY(const auto names, tree_.list(folder));
            for (const std::string& name : names) {
                if (!is_python_name(name)) {
                    continue;
                }
                ENVPACK_TRY(const auto target, find_executable(tree_, folder / name));
                if (target && *target != chosen &&
                    std::find(found.begin(), found.end(), *target) == found.end()) {
                    found.push_back(*target);
                }
            }
        }
        return found;
    }

private:
    const archive::FileTree& tree_;
    const RunContext& run_;
    std::vector<SafePath> folders_;
};

}  // namespace

std::string Interpreter::short_version() const {
    return std::to_string(major) + '.' + std::to_string(minor);
}

std::string Interpreter::library_name() const {
    return "python" + short_version() + abi_flags;
}

Result<FoundInterpreters> find_interpreter(const archive::FileTree& tree,
                                           const InterpreterSearch& search, const RunContext& run) {
    if (search.python) {
        ENVPACK_TRY(Interpreter chosen, describe_named(tree, *search.python, run));
        return FoundInterpreters{.chosen = std::move(chosen)};
    }
    Search places(tree, run);
    const std::string_view path = search.path.empty() ? default_path : search.path;
    for (const std::string_view folder : text::split(path, ':')) {
        ENVPACK_CHECK(places.add_folder(folder));
    }
    // 1. What `python3`, then `python`, would start. 2. The same with the further places.
    for (const bool further : {false, true}) {
        if (further) {
            if (!search.virtual_env.empty()) {
                ENVPACK_CHECK(places.add_folder(search.virtual_env + "/bin"));
            }
            for (const std::string_view folder : usual_folders) {
                ENVPACK_CHECK(places.add_folder(folder));
            }
        }
        for (const std::string_view name : {"python3", "python"}) {
            ENVPACK_TRY(auto found, places.first(name));
            if (found) {
                ENVPACK_TRY(auto others, places.others(found->executable));
                return FoundInterpreters{.chosen = *std::move(found), .others = std::move(others)};
            }
        }
    }
    // 3. Only `python3.12`, say, which nobody starts by a general name.
    ENVPACK_TRY(auto named, places.others(SafePath()));
    for (auto place = named.begin(); place != named.end(); ++place) {
        ENVPACK_TRY(auto found, describe_executable(tree, *place, run));
        if (found) {
            named.erase(place);
            return FoundInterpreters{.chosen = *std::move(found), .others = std::move(named)};
        }
    }
    return fail(Error(ErrorCode::not_found, "there is no Python interpreter")
                    .with_hint("name one with --python, or choose a base that has Python"));
}

}  // namespace envpack::env
