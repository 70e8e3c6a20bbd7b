#include "envpack/pipeline/freeze.hpp"

#include "envpack/base/file.hpp"
#include "envpack/env/freeze_text.hpp"
#include "envpack/pipeline/source.hpp"
#include "inventory_store.hpp"

#include <cerrno>
#include <string>
#include <unistd.h>

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

Result<env::Inventory> freeze_tree(const Source& source, OpenSource open,
                                   const FreezeOptions& options, const RunContext& run) {
    env::InventoryOptions inventory{.source = source.text,
                                    .environment = std::move(open.environment),
                                    .python = std::move(open.python),
                                    .detail = options.detail};
    if (options.python) {
        ENVPACK_TRY(inventory.python, SafePath::normalize(*options.python));
    }
    ENVPACK_TRY(env::Inventory found,
                with_context(env::take_inventory(*open.tree, inventory, run),
                             fmt::format("while freezing `{}`", source.text)));
    found.source_digest = std::move(open.digest);
    return found;
}

Result<env::Inventory> freeze_image(const Source& source, const FreezeOptions& options,
                                    const UserConfig& user, const RunContext& run) {
    ENVPACK_TRY(oci::ImagePtr image, open_image(source, user, run));
    const InventoryStore store(user);
    const InventoryKey key{.manifest = oci::digest_of(*image),
                           .detail = options.detail,
                           .python = options.python.value_or("")};
    if (std::optional<env::Inventory> known = store.find(key)) {
        known->source = source.text;
        return *std::move(known);
    }
    ENVPACK_TRY(OpenSource open,
                open_image_tree(source, std::move(image), env::inventory_wants, run));
    ENVPACK_TRY(env::Inventory found, freeze_tree(source, std::move(open), options, run));
    store.keep(key, found);
    return found;
}

}  // namespace

Result<env::Inventory> freeze(const FreezeOptions& options, const UserConfig& user,
                              const RunContext& run) {
    ENVPACK_TRY(const Source source, Source::parse(options.source));
    if (source.kind == Source::Kind::freeze_text) {
        return freeze_text(source);
    }
    if (source.is_image()) {
        return freeze_image(source, options, user, run);
    }
    ENVPACK_TRY(OpenSource open, open_source(source, env::inventory_wants, user, run));
    return freeze_tree(source, std::move(open), options, run);
}

}  // namespace envpack::pipeline
