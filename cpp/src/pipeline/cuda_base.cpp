#include "cuda_base.hpp"

#include "envpack/pipeline/source.hpp"

#include <fmt/format.h>

namespace envpack::pipeline {

Result<CudaBase> read_cuda_base(const std::string& text, const std::optional<std::string>& python,
                                const UserConfig& user, const RunContext& run) {
    const std::string doing = fmt::format("while looking for the CUDA of `{}`", text);
    ENVPACK_TRY(const Source source, Source::parse(text));
    const auto wanted = [](const SafePath& path, const archive::FileInfo& info) {
        return env::inventory_wants(path, info) || env::cuda_facts_want(path, info);
    };
    ENVPACK_TRY(OpenSource open, with_context(open_source(source, wanted, user, run), doing));
    env::InventoryOptions options{.source = text,
                                  .environment = open.environment,
                                  .python = open.python,
                                  .detail = env::InventoryDetail::pins};
    if (python) {
        ENVPACK_TRY(options.python, SafePath::normalize(*python));
    }
    CudaBase base;
    auto inventory = env::take_inventory(*open.tree, options, run);
    if (inventory) {
        base.inventory = *std::move(inventory);
    } else if (inventory.error().code() != ErrorCode::not_found) {
        return with_context(Result<CudaBase>(fail(std::move(inventory).error())), doing);
    }
    ENVPACK_TRY(
        base.facts,
        with_context(env::cuda_facts(*open.tree, open.environment, base.inventory, run), doing));
    return base;
}

}  // namespace envpack::pipeline
