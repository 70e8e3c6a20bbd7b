#include "envpack/pipeline/freeze.hpp"

#include "cuda_base.hpp"
#include "envpack/archive/memory_tree.hpp"
#include "envpack/base/file.hpp"
#include "envpack/env/compare_constraints.hpp"
#include "envpack/env/freeze_text.hpp"
#include "envpack/env/installed_dependencies.hpp"
#include "envpack/env/package_files.hpp"
#include "envpack/pipeline/project_imports.hpp"
#include "envpack/pipeline/source.hpp"
#include "inventory_store.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

class StandardInput final : public ByteSource {
public:
    Result<std::size_t> read(std::span<std::byte> into) override {
        for (;;) {
            const ssize_t count = ::read(STDIN_FILENO, into.data(), into.size());
            if (count >= 0) {
                return static_cast<std::size_t>(count);
            }
            if (errno != EINTR) {
                return fail(os_failure("read", "standard input", errno));
            }
        }
    }
};

Result<env::Inventory> freeze_text(const Source& source) {
    constexpr Limits limits;
    std::string text;
    if (source.path == "-") {
        StandardInput input;
        ENVPACK_TRY(text, read_all(input, limits.max_text));
    } else {
        ENVPACK_TRY(text, read_file(source.path, limits.max_text));
    }
    ENVPACK_TRY(env::Inventory inventory,
                with_context(env::parse_pip_freeze(text, limits),
                             fmt::format("while reading `{}`", source.text)));
    inventory.source = source.text;
    return inventory;
}

/// Whether more than the inventory has to be read.
bool needs_files(const FreezeOptions& options) noexcept {
    return options.used_by.has_value() || options.pin != env::PinScope::all;
}

env::InventoryDetail detail_of(const FreezeOptions& options) noexcept {
    if (options.check) {
        return env::InventoryDetail::files;
    }
    return needs_files(options) ? std::max(options.detail, env::InventoryDetail::full)
                                : options.detail;
}

Result<env::SelectionOptions> selection_of(const FreezeOptions& options, const RunContext& run) {
    env::SelectionOptions selection{.pin = options.pin};
    for (const std::string& text : options.exclude) {
        ENVPACK_TRY(auto name, packaging::PackageName::parse(text));
        selection.exclude.push_back(std::move(name));
    }
    if (options.used_by) {
        ENVPACK_TRY(selection.used_by, read_project_imports(*options.used_by, run));
    }
    return selection;
}

/// What of an image's files is kept in memory: all that is read below.
archive::CaptureFilter capture_for(const FreezeOptions& options) {
    return [wanted = env::inventory_filter(detail_of(options)), files = needs_files(options)](
               const SafePath& path, const archive::FileInfo& info) {
        return wanted(path, info) || (files && env::package_files_want(path, info));
    };
}

/// What is asked of an inventory beside its making.
Result<env::Inventory> finished(env::Inventory inventory, const archive::FileTree& tree,
                                const FreezeOptions& options,
                                const env::SelectionOptions& selection, const RunContext& run) {
    if (options.check) {
        std::vector<env::Problem> broken = env::check_dependencies(inventory);
        std::move(broken.begin(), broken.end(), std::back_inserter(inventory.problems));
    }
    ENVPACK_CHECK(env::select_packages(inventory, tree, selection, run));
    return inventory;
}

Result<env::Inventory> freeze_image(const Source& source, const FreezeOptions& options,
                                    const env::SelectionOptions& selection, const UserConfig& user,
                                    const RunContext& run) {
    ENVPACK_TRY(oci::ImagePtr image, open_image(source, user, run));
    const InventoryStore store(user);
    const InventoryKey key{.manifest = oci::digest_of(*image),
                           .detail = detail_of(options),
                           .python = options.python.value_or("")};
    if (!needs_files(options)) {
        if (std::optional<env::Inventory> known = store.find(key)) {
            known->source = source.text;
            return finished(*std::move(known), archive::MemoryTree(), options, selection, run);
        }
    }
    ENVPACK_TRY(OpenSource open,
                open_image_tree(source, std::move(image), capture_for(options), run));
    ENVPACK_TRY(env::Inventory found,
                inventory_of(source, open, options.python, detail_of(options), run));
    store.keep(key, found);
    return finished(std::move(found), *open.tree, options, selection, run);
}

}  // namespace

Result<env::Inventory> inventory_of(const Source& source, const OpenSource& open,
                                    const std::optional<std::string>& python,
                                    env::InventoryDetail detail, const RunContext& run) {
    env::InventoryOptions wanted{.source = source.text,
                                 .environment = open.environment,
                                 .python = open.python,
                                 .detail = detail};
    if (python && source.path != *python) {
        ENVPACK_TRY(wanted.python, SafePath::normalize(*python));
    }
    ENVPACK_TRY(env::Inventory found, env::take_inventory(*open.tree, wanted, run));
    found.source_digest = open.digest;
    ENVPACK_CHECK(env::compare_constraint_files(found, *open.tree, wanted.environment));
    return found;
}

Result<env::Inventory> freeze(const FreezeOptions& options, const UserConfig& user,
                              const RunContext& run) {
    ENVPACK_TRY(Source source, Source::parse(options.source));
    if (source.kind == Source::Kind::python && source.path.empty() && options.python) {
        source.path = *options.python;  // the interpreter in use is the one that is named
    }
    ENVPACK_TRY(const env::SelectionOptions selection, selection_of(options, run));
    const std::string doing = fmt::format("while freezing `{}`", source.text);
    if (source.is_image()) {
        return with_context(freeze_image(source, options, selection, user, run), doing);
    }
    if (source.kind != Source::Kind::freeze_text) {
        ENVPACK_TRY(OpenSource open, open_source(source, capture_for(options), user, run));
        ENVPACK_TRY(env::Inventory found, with_context(inventory_of(source, open, options.python,
                                                                    detail_of(options), run),
                                                       doing));
        return finished(std::move(found), *open.tree, options, selection, run);
    }
    if (options.check || needs_files(options)) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("`{}` is only a list of packages: there are no files to "
                                      "look at",
                                      source.text))
                        .with_hint("name an environment, dir:ROOTFS or an image"));
    }
    ENVPACK_TRY(env::Inventory inventory, freeze_text(source));
    return finished(std::move(inventory), archive::MemoryTree(), options, selection, run);
}

}  // namespace envpack::pipeline
