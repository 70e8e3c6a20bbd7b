#include "cuda_base.hpp"

#include "inventory_store.hpp"

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

archive::CaptureFilter cuda_capture(env::InventoryDetail detail) {
    return [wanted = env::inventory_filter(detail)](const SafePath& path,
                                                    const archive::FileInfo& info) {
        return wanted(path, info) || env::cuda_facts_want(path, info);
    };
}

Result<CudaBase> cuda_base_of(const Source& source, const OpenSource& open,
                              const CudaBaseOptions& options, const RunContext& run) {
    CudaBase base;
    auto inventory = inventory_of(source, open, options.python, options.detail, run);
    if (inventory) {
        base.inventory = *std::move(inventory);
    } else if (options.needs_python || inventory.error().code() != ErrorCode::not_found) {
        return fail(std::move(inventory).error());
    }
    ENVPACK_TRY(base.facts, env::cuda_facts(*open.tree, open.environment, base.inventory, run));
    return base;
}

Result<CudaBase> cuda_base_of_image(const Source& source, const CudaBaseOptions& options,
                                    const UserConfig& user, const RunContext& run) {
    ENVPACK_TRY(oci::ImagePtr image, open_image(source, user, run));
    const InventoryStore store(user);
    const InventoryKey key{.manifest = oci::digest_of(*image),
                           .detail = options.detail,
                           .python = options.python.value_or("")};
    std::optional<env::Inventory> inventory = store.find(key);
    std::optional<env::CudaFacts> facts =
        inventory ? store.find_cuda(key) : std::optional<env::CudaFacts>();
    if (facts) {
        inventory->source = source.text;
        return CudaBase{.inventory = *std::move(inventory), .facts = *std::move(facts)};
    }
    ENVPACK_TRY(const OpenSource open,
                open_image_tree(source, std::move(image), cuda_capture(options.detail), run));
    ENVPACK_TRY(CudaBase base, cuda_base_of(source, open, options, run));
    if (!base.inventory.source_digest.empty()) {
        store.keep(key, base.inventory);
        store.keep_cuda(key, base.facts);
    }
    return base;
}

}  // namespace

Result<CudaBase> read_cuda_base(const CudaBaseOptions& options, const UserConfig& user,
                                const RunContext& run) {
    ENVPACK_TRY(Source source, Source::parse(options.source));
    if (source.kind == Source::Kind::python && source.path.empty() && options.python) {
        source.path = *options.python;  // as freeze() takes it
    }
    const std::string doing = fmt::format("while looking for Python and CUDA in `{}`", source.text);
    if (source.is_image()) {
        return with_context(cuda_base_of_image(source, options, user, run), doing);
    }
    ENVPACK_TRY(const OpenSource open,
                with_context(open_source(source, cuda_capture(options.detail), user, run), doing));
    return with_context(cuda_base_of(source, open, options, run), doing);
}

}  // namespace envpack::pipeline
