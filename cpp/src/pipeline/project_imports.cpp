#include "envpack/pipeline/project_imports.hpp"

#include "envpack/base/file.hpp"

#include <algorithm>
#include <set>
#include <system_error>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_source = 16u << 20;

bool is_source(const fs::path& path) {
    return path.extension() == ".py" || path.extension() == ".ipynb";
}

bool is_passed_over(const fs::path& folder) {
    const std::string name = folder.filename().string();
    std::error_code ignored;
    return name.starts_with('.') || name == "__pycache__" || name == "node_modules" ||
           fs::exists(folder / "pyvenv.cfg", ignored);
}

class Project {
public:
    Project(const fs::path& root, const RunContext& run, const Limits& limits)
        : root_(root), run_(run), limits_(limits) {}

    Result<env::ProjectImports> read() {
        std::error_code error;
        const fs::file_status status = fs::status(root_, error);
        if (!fs::exists(status)) {
            return fail(
                Error(ErrorCode::not_found, fmt::format("`{}` does not exist", root_.string()))
                    .with_path(root_.string()));
        }
        if (fs::is_directory(status)) {
            ENVPACK_CHECK(find(root_));
        } else {
            sources_.push_back(root_);
        }
        if (sources_.empty()) {
            return fail(Error(ErrorCode::not_found,
                              fmt::format("there is no Python source in `{}`", root_.string()))
                            .with_path(root_.string()));
        }
        std::sort(sources_.begin(), sources_.end());
        env::ProjectImports project{.project = root_.string()};
        for (const fs::path& source : sources_) {
            ENVPACK_CHECK(run_.check());
            ENVPACK_CHECK(read_source(source, project));
        }
        project.own = own_modules();
        return project;
    }

private:
    Result<void> find(const fs::path& folder) {
        ENVPACK_CHECK(run_.check());
        std::error_code error;
        for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
             entry.increment(error)) {
            // A link to a folder could lead in circles.
            if (entry->is_directory() && !entry->is_symlink() && !is_passed_over(entry->path())) {
                ENVPACK_CHECK(find(entry->path()));
            } else if (is_source(entry->path()) && entry->is_regular_file()) {
                sources_.push_back(entry->path());
                if (sources_.size() > limits_.max_entries) {
                    return fail(ErrorCode::limit_exceeded,
                                fmt::format("`{}` has too many files", root_.string()));
                }
            }
        }
        if (error) {
            return fail(os_failure("read", folder.string(), error.value()));
        }
        return {};
    }

    Result<void> read_source(const fs::path& source, env::ProjectImports& project) {
        ENVPACK_TRY(const std::string text, read_file(source, max_source));
        std::vector<env::PythonImport> imports;
        if (source.extension() == ".ipynb") {
            auto found = env::notebook_imports(text);
            if (!found) {
                run_.note(fmt::format("`{}` is passed over: {}", source.string(),
                                      found.error().message()));
                return {};
            }
            imports = *std::move(found);
        } else {
            imports = env::python_imports(text);
        }
        project.files.push_back({source.string(), std::move(imports)});
        return {};
    }

    /// What an `import` finds in the project itself: what stands in its root or in `src`, and the
    /// neighbours of a script.
    std::vector<std::string> own_modules() const {
        std::set<std::string> own;
        for (const fs::path& source : sources_) {
            const fs::path parent = source.parent_path();
            std::error_code ignored;
            if (!fs::exists(parent / "__init__.py", ignored)) {
                own.insert(source.stem().string());
            }
            for (const fs::path& top : {root_, root_ / "src"}) {
                const fs::path relative = source.lexically_relative(top);
                if (!relative.empty() && *relative.begin() != "..") {
                    own.insert(relative.begin()->stem().string());
                }
            }
            if (fs::exists(root_ / "__init__.py", ignored)) {
                own.insert(fs::absolute(root_, ignored).lexically_normal().filename().string());
            }
        }
        return {own.begin(), own.end()};
    }

    const fs::path root_;
    const RunContext& run_;
    const Limits& limits_;
    std::vector<fs::path> sources_;
};

}  // namespace

Result<env::ProjectImports> read_project_imports(const fs::path& project, const RunContext& run,
                                                 const Limits& limits) {
    return Project(project, run, limits).read();
}

}  // namespace envpack::pipeline
