#include "envpack/cuda/ngc_images.hpp"

#include "envpack/base/json.hpp"
#include "fact_rows.hpp"
#include "fact_tables.hpp"

#include <utility>

namespace envpack::cuda {

Result<std::vector<NgcPytorchImage>> ngc_pytorch_images() {
    ENVPACK_TRY(const json::Value table, json::parse(ngc_containers_json));
    const json::Value* rows = table.find("pytorch");
    if (rows == nullptr || rows->as_array() == nullptr) {
        return fail(ErrorCode::internal, "the table of NGC images has no rows");
    }
    std::vector<NgcPytorchImage> images;
    for (const json::Value& row : *rows->as_array()) {
        if (!is_verified(row, "torch_base") || !is_verified(row, "python")) {
            continue;
        }
        ENVPACK_TRY(const std::string_view torch, json::string_at(row, "torch_base"));
        ENVPACK_TRY(packaging::Version version, packaging::Version::parse(torch));
        NgcPytorchImage image{.tag = {}, .image = {}, .torch = std::move(version), .python = {}};
        ENVPACK_TRY(image.tag, json::string_at(row, "tag"));
        ENVPACK_TRY(image.image, json::string_at(row, "image"));
        ENVPACK_TRY(image.python, json::string_at(row, "python"));
        ENVPACK_TRY(const std::string* cuda, json::optional_string_at(row, "cuda"));
        image.cuda = cuda == nullptr ? std::string() : *cuda;
        images.push_back(std::move(image));
    }
    return images;
}

}  // namespace envpack::cuda
