#include "envpack/base/text.hpp"
#include "envpack/base/toml.hpp"
#include "envpack/env/lock.hpp"

#include <algorithm>
#include <tuple>

// The bytes are a contract: whoever changes them changes every user's diff.

namespace envpack::env {
namespace {

/// One inline table: `{name = "x", size = 3}`; empty values are left out.
class InlineTable {
public:
    void text(std::string_view key, std::string_view value) {
        if (!value.empty()) {
            raw(key, toml::quote(value));
        }
    }
    void raw(std::string_view key, std::string_view value) {
        text_ += text_.empty() ? "{" : ", ";
        text_ += key;
        text_ += " = ";
        text_ += value;
    }
    std::string take() && { return std::move(text_) + '}'; }

private:
    std::string text_;
};

class LockText {
public:
    void text(std::string_view key, std::string_view value) {
        if (!value.empty()) {
            line(key, toml::quote(value));
        }
    }
    void texts(std::string_view key, const std::vector<std::string>& values) {
        std::vector<std::string> items;
        std::transform(values.begin(), values.end(), std::back_inserter(items),
                       [](const std::string& value) { return toml::quote(value); });
        array(key, items);
    }
    void line(std::string_view key, std::string_view value) {
        text_ += key;
        text_ += " = ";
        text_ += value;
        text_ += '\n';
    }
    /// One item a line, so that a change of one file is a change of one line.
    void array(std::string_view key, const std::vector<std::string>& items) {
        if (items.empty()) {
            return;
        }
        text_ += key;
        text_ += " = [\n";
        for (const std::string& item : items) {
            text_ += "    " + item + ",\n";
        }
        text_ += "]\n";
    }
    void header(std::string_view brackets) {
        text_ += '\n';
        text_ += brackets;
        text_ += '\n';
    }
    std::string take() && { return std::move(text_); }

private:
    std::string text_;
};

/// The keys in the order of PEP 751; `packages.archive` has no name.
InlineTable file_table(const LockedFile& file, bool has_name) {
    InlineTable table;
    if (has_name) {
        table.text("name", file.name);
    }
    if (const auto time = normalize_upload_time(file.upload_time)) {
        table.raw("upload-time", *time);
    }
    table.text("url", file.url);
    table.text("path", file.path);
    if (file.size) {
        table.raw("size", std::to_string(*file.size));
    }
    table.raw("hashes", "{sha256 = " + toml::quote(file.sha256.hex()) + '}');
    return table;
}

void write_sources(LockText& out, const LockedPackage& package) {
    if (const auto& vcs = package.vcs) {
        InlineTable table;
        table.text("type", vcs->type);
        table.text("url", vcs->url);
        table.text("path", vcs->path);
        table.text("requested-revision", vcs->requested_revision);
        table.text("commit-id", vcs->commit_id);
        table.text("subdirectory", vcs->subdirectory);
        out.line("vcs", std::move(table).take());
    }
    if (const auto& directory = package.directory) {
        InlineTable table;
        table.text("path", directory->path);
        if (directory->editable) {
            table.raw("editable", "true");
        }
        table.text("subdirectory", directory->subdirectory);
        out.line("directory", std::move(table).take());
    }
    if (const auto& archive = package.archive) {
        InlineTable table = file_table(archive->file, false);
        table.text("subdirectory", archive->subdirectory);
        out.line("archive", std::move(table).take());
    }
    out.text("index", package.index);
    if (package.sdist) {
        out.line("sdist", file_table(*package.sdist, true).take());
    }
    std::vector<LockedFile> wheels = package.wheels;
    std::sort(wheels.begin(), wheels.end(),
              [](const LockedFile& a, const LockedFile& b) { return a.name < b.name; });
    std::vector<std::string> items;
    for (const LockedFile& wheel : wheels) {
        items.push_back(file_table(wheel, true).take());
    }
    out.array("wheels", items);
}

void write_package(LockText& out, const LockedPackage& package) {
    out.header("[[packages]]");
    out.text("name", package.name.str());
    if (package.version) {
        out.text("version", package.version->to_string());
    }
    out.text("marker", package.marker);
    out.text("requires-python", package.requires_python);
    std::vector<std::string> dependencies;
    for (const packaging::PackageName& name : package.dependencies) {
        dependencies.push_back("{name = " + toml::quote(name.str()) + '}');
    }
    out.array("dependencies", dependencies);
    write_sources(out, package);
    if (!package.uses_provided.empty()) {
        out.header("[packages.tool.envpack]");
        std::vector<std::string> names;
        for (const packaging::PackageName& name : package.uses_provided) {
            names.push_back(toml::quote(name.str()));
        }
        out.line("uses-provided", "[" + text::join(names, ", ") + "]");
    }
}

void write_origin(LockText& out, const LockOrigin& origin) {
    out.header("[tool.envpack]");
    out.texts("requirements", origin.requirements);
    out.text("exclude-newer", origin.exclude_newer);
    std::vector<std::string> shadowed;
    for (const packaging::PackageName& name : origin.shadowed) {
        shadowed.emplace_back(name.str());
    }
    out.texts("shadowed", shadowed);
    if (!origin.base.empty() || !origin.base_digest.empty()) {
        out.header("[tool.envpack.base]");
        out.text("source", origin.base);
        out.text("digest", origin.base_digest);
    }
    out.header("[tool.envpack.target]");
    out.line("implementation", toml::quote(origin.implementation));
    out.text("python", origin.python);
    out.text("machine", origin.machine);
    out.text("libc", origin.libc);
    if (!origin.provided.empty()) {
        // The base has these; they have no source, so they cannot be entries of `packages`.
        out.header("[tool.envpack.provided]");
        for (const ProvidedPackage& provided : origin.provided) {
            out.line(provided.name.str(), toml::quote(provided.version));
        }
    }
    if (!origin.replaced.empty()) {
        out.header("[tool.envpack.replaced]");
        for (const ProvidedPackage& replaced : origin.replaced) {
            out.line(replaced.name.str(), toml::quote(replaced.version));
        }
    }
    for (const RelaxedPin& relaxed : origin.relaxed) {
        out.header("[[tool.envpack.relaxed]]");
        out.text("name", relaxed.name.str());
        out.text("pin", relaxed.pin);
        out.text("because", relaxed.because);
    }
    if (origin.torch_index) {
        out.header("[tool.envpack.cuda]");
        out.text("suffix", origin.torch_index->suffix);
        out.text("index", origin.torch_index->url);
        out.text("reason", origin.torch_index->reason);
        out.texts("dropped", origin.torch_index->dropped);
    }
    for (const LockedCudaPackage& package : origin.cuda_packages) {
        out.header("[[tool.envpack.cuda-packages]]");
        out.text("name", package.name.str());
        out.text("requirement", package.requirement);
        out.texts("limits", package.limits);
        out.text("index", package.index);
        out.text("reason", package.reason);
        out.texts("dropped", package.dropped);
    }
    for (const ForcedVersion& forced : origin.forced) {
        out.header("[[tool.envpack.forced]]");
        out.text("name", forced.name.str());
        out.text("from", forced.from);
        out.text("to", forced.to);
        out.text("by", forced.by);
    }
}

}  // namespace

std::string Lock::to_toml() const {
    LockText out;
    out.text("lock-version", "1.0");
    out.texts("environments", environments);
    out.text("requires-python", requires_python);
    out.texts("extras", extras);
    out.texts("dependency-groups", dependency_groups);
    out.texts("default-groups", default_groups);
    out.line("created-by", toml::quote(created_by));
    if (packages.empty()) {
        out.line("packages", "[]");  // PEP 751 requires the key
    }
    std::vector<const LockedPackage*> sorted;
    for (const LockedPackage& package : packages) {
        sorted.push_back(&package);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const LockedPackage* a, const LockedPackage* b) {
                         return std::tie(a->name, a->version, a->marker) <
                                std::tie(b->name, b->version, b->marker);
                     });
    for (const LockedPackage* package : sorted) {
        write_package(out, *package);
    }
    if (origin) {
        write_origin(out, *origin);
    }
    return std::move(out).take();
}

}  // namespace envpack::env
