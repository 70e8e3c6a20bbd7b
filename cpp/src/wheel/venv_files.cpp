#include "venv_files.hpp"

#include "envpack/base/bytes.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/direct_url.hpp"
#include "venv_walk.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {
namespace {

using archive::FileType;
using archive::PlannedEntry;

constexpr std::size_t longest_text = std::size_t{16} << 20;

tl::unexpected<Error> refuse_file(const char* rule, std::string message, std::string hint) {
    return fail(Error(ErrorCode::invalid_argument, std::move(message))
                    .with_rule(rule)
                    .with_hint(std::move(hint)));
}

// python, python3, python3.11, python3.13t
bool is_interpreter_name(std::string_view name) noexcept {
    if (!name.starts_with("python")) {
        return false;
    }
    name.remove_prefix(6);
    if (name.ends_with('t')) {
        name.remove_suffix(1);
    }
    return std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

bool is_in_bin(const SafePath& path) {
    return path.parent().str() == "bin";
}

// share/jupyter/kernels/<name>/kernel.json, whose argv[0] is often the environment's Python.
bool is_kernel_spec(const SafePath& path) {
    return path.name() == "kernel.json" && path.parent().parent().str() == "share/jupyter/kernels";
}

/// In a folder `tests` below site-packages. Not `test`: django.test and others are wanted when the
/// program runs.
bool is_of_tests(const SafePath& path) {
    constexpr std::string_view site = "/site-packages/";
    const std::size_t at = path.str().find(site);
    return at != std::string::npos &&
           path.str().find("/tests/", at + site.size() - 1) != std::string::npos;
}

/// Turns one path on disk into its entry. Thread-safe.
class Converter {
public:
    Converter(const archive::DiskTree& tree, const VenvMove& move, const RunContext& run)
        : tree_(tree), move_(move), run_(run) {}

    Result<VenvFile> convert(const WalkedPath& walked) const {
        VenvFile file{
            .path = walked.path,
            .entry = {.path = move_.prefix().join(walked.path), .type = walked.info.type}};
        switch (walked.info.type) {
            case FileType::directory:
                file.entry.mode = 0755;
                return file;
            case FileType::symlink:
                return convert_link(std::move(file), walked.info.link_target);
            case FileType::regular:
                file.entry.mode = (walked.info.mode & 0111) != 0 ? 0755 : 0644;
                return convert_file(std::move(file), walked.info);
            case FileType::other:
                break;
        }
        return refuse_file("venv.special-file",
                           fmt::format("`{}` is a device, a fifo or a socket", walked.path.str()),
                           "remove it from the environment");
    }

private:
    Result<VenvFile> convert_link(VenvFile file, const std::string& target) const {
        file.entry.mode = 0777;
        if (target.starts_with('/')) {
            if (const auto moved = move_.moved_path(target)) {
                file.entry.link_target = *moved;
                return file;
            }
        } else if (SafePath::normalize(file.path.parent().str() + "/" + target)) {
            file.entry.link_target = target;
            return file;
        }
        if (is_in_bin(file.path) && is_interpreter_name(file.path.name())) {
            file.entry.link_target = move_.interpreter();
            return file;
        }
        return refuse_file("venv.symlink-escape",
                           fmt::format("the link `{}` leads out of the environment, to `{}`",
                                       file.path.str(), text::printable(target)),
                           "make the environment with copies instead of links, for uv with "
                           "`--link-mode=copy`");
    }

    Result<VenvFile> convert_file(VenvFile file, const archive::FileInfo& info) const {
        const std::string_view name = file.path.name();
        if (file.path.str() == "pyvenv.cfg") {
            ENVPACK_TRY(const std::string config, text_of(file.path));
            return with_text(std::move(file), move_.moved_config(config));
        }
        if (is_in_bin(file.path)) {
            return convert_command(std::move(file), info);
        }
        if (is_kernel_spec(file.path)) {
            ENVPACK_TRY(const std::string spec, text_of(file.path));
            return with_text(std::move(file), move_.moved_text(spec));
        }
        if (file.path.parent().name() == "site-packages" && name.ends_with(".pth")) {
            return convert_path_file(std::move(file));
        }
        if (name == "direct_url.json" && file.path.parent().name().ends_with(".dist-info")) {
            return convert_direct_url(std::move(file), info);
        }
        return unchanged(std::move(file), info);
    }

    // A file in bin: the interpreter itself (venv --copies), an activate script, a script, or
    // something that is none of our business.
    Result<VenvFile> convert_command(VenvFile file, const archive::FileInfo& info) const {
        const std::string_view name = file.path.name();
        ENVPACK_TRY(const std::unique_ptr<ByteSource> source, tree_.open(file.path));
        std::byte head[2] = {};
        ENVPACK_TRY(const std::size_t count, source->read(head));
        const bool is_script = as_text(std::span(head, count)) == "#!";
        if (is_interpreter_name(name) && !is_script) {
            file.entry.type = FileType::symlink;
            file.entry.mode = 0777;
            file.entry.link_target = move_.interpreter();
            return file;
        }
        if (name.starts_with("activate")) {
            ENVPACK_TRY(const std::string script, text_of(file.path));
            return with_text(std::move(file), move_.moved_text(script));
        }
        if (is_script) {
            ENVPACK_TRY(const std::string script, text_of(file.path));
            ENVPACK_TRY(auto moved, move_.moved_script(script));
            if (moved) {
                return with_text(std::move(file), *std::move(moved));
            }
        }
        return unchanged(std::move(file), info);
    }

    Result<VenvFile> convert_path_file(VenvFile file) const {
        ENVPACK_TRY(const std::string before, text_of(file.path));
        std::string after = move_.moved_text(before);
        const std::string own = "/" + move_.prefix().str();
        for (const std::string_view line : text::lines(after)) {
            const std::string_view path = text::trim(line);
            if (path.starts_with('/') && path != own && !path.starts_with(own + "/")) {
                file.notes.push_back(fmt::format(
                    "`{}` adds `{}` to the import path; that folder is not part of the environment",
                    file.path.name(), text::printable(path)));
            }
        }
        return with_text(std::move(file), std::move(after));
    }

    // A file: URL names a folder of the machine that built the environment (PEP 610).
    Result<VenvFile> convert_direct_url(VenvFile file, const archive::FileInfo& info) const {
        ENVPACK_TRY(const std::string json, text_of(file.path));
        const auto direct_url = packaging::DirectUrl::parse(json);
        if (!direct_url) {
            file.notes.push_back(fmt::format("`{}` cannot be read", file.path.str()));
            return unchanged(std::move(file), info);
        }
        if (!direct_url->url.starts_with("file:")) {
            return unchanged(std::move(file), info);
        }
        file.left_out = true;
        if (direct_url->is_editable()) {
            file.notes.push_back(
                fmt::format("an editable install of `{}`: that folder is not part of the image",
                            text::printable(direct_url->url)));
        }
        return file;
    }

    Result<VenvFile> unchanged(VenvFile file, const archive::FileInfo& info) const {
        ENVPACK_TRY(const std::unique_ptr<ByteSource> source, tree_.open(file.path));
        HashingSink sink;
        ENVPACK_CHECK(with_context(copy(*source, sink, run_),
                                   fmt::format("while reading `{}`", file.path.str())));
        if (sink.count() != info.size) {
            return fail(Error(ErrorCode::io_error,
                              fmt::format("`{}` changed while it was read", file.path.str()))
                            .with_path((tree_.root() / file.path.str()).string()));
        }
        file.entry.content = archive::Content::of_file(tree_.root() / file.path.str(), info.size);
        file.entry.sha256 = std::move(sink).digest();
        return file;
    }

    static Result<VenvFile> with_text(VenvFile file, std::string text) {
        file.entry.sha256 = Digest::of(as_bytes(text));
        file.entry.content = archive::Content::of_text(std::move(text));
        return file;
    }

    Result<std::string> text_of(const SafePath& path) const {
        return with_context(archive::read_file(tree_, path, longest_text),
                            fmt::format("while reading `{}`", path.str()));
    }

    const archive::DiskTree& tree_;
    const VenvMove& move_;
    const RunContext& run_;
};

}  // namespace

Result<std::vector<VenvFile>> read_venv(const archive::DiskTree& tree, const VenvMove& move,
                                        bool tests, const RunContext& run, const Limits& limits) {
    ENVPACK_TRY(const std::vector<WalkedPath> paths, walk_venv(tree, run, limits));
    const Converter converter(tree, move, run);
    return parallel_map<VenvFile>(
        paths.size(),
        [&](std::size_t index) -> Result<VenvFile> {
            if (!tests && is_of_tests(paths[index].path)) {
                return VenvFile{.path = paths[index].path, .entry = {}, .left_out = true};
            }
            return converter.convert(paths[index]);
        },
        run);
}

}  // namespace envpack::wheel
