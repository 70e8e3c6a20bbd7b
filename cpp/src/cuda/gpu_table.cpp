#include "envpack/cuda/gpu_table.hpp"

#include "envpack/base/text.hpp"
#include "fact_rows.hpp"
#include "fact_tables.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

/// The words of a GPU's name that tell it from others, in lower case: `v100` `sxm2` `16gb` for
/// `Tesla V100-SXM2-16GB`. Quadro stays: a Quadro RTX 4000 is no RTX 4000.
std::vector<std::string> name_words(std::string_view name) {
    std::string lower = text::to_lower(name);
    std::replace(lower.begin(), lower.end(), '-', ' ');
    std::vector<std::string> words;
    for (const std::string_view word : text::words(lower)) {
        if (word != "nvidia" && word != "geforce" && word != "tesla") {
            words.emplace_back(word);
        }
    }
    return words;
}

Result<std::vector<GpuTable::Model>> read_models(const json::Value& table) {
    ENVPACK_TRY(const json::Array* rows, json::array_at(table, "gpus"));
    std::vector<GpuTable::Model> models;
    for (const json::Value& row : *rows) {
        GpuTable::Model model{.is_verified = is_verified(row, "cc")};
        ENVPACK_TRY(model.capability, parsed_at<ComputeCapability>(row, "cc"));
        ENVPACK_TRY(model.names, texts_at(row, "gpus"));
        const json::Value* tegra = row.find("tegra");
        model.is_tegra = tegra != nullptr && tegra->as_bool() != nullptr && *tegra->as_bool();
        models.push_back(std::move(model));
    }
    return models;
}

}  // namespace

Result<GpuTable> GpuTable::load() {
    const auto read = []() -> Result<GpuTable> {
        ENVPACK_TRY(const json::Value document, json::parse(gpu_compute_capability_json));
        GpuTable table;
        ENVPACK_TRY(table.models_, read_models(document));
        ENVPACK_TRY(const json::Array* rows, json::array_at(document, "families"));
        for (const json::Value& row : *rows) {
            Family family;
            ENVPACK_TRY(family.target, parsed_at<GpuCode>(row, "target"));
            ENVPACK_TRY(family.members, parsed_list_at<ComputeCapability>(row, "members"));
            table.families_.push_back(std::move(family));
        }
        return table;
    };
    return compiled_in(read(), "gpu_compute_capability");
}

const GpuTable::Model* GpuTable::with(const ComputeCapability& capability) const noexcept {
    const auto found = std::find_if(models_.begin(), models_.end(), [&](const Model& model) {
        return model.capability == capability;
    });
    return found == models_.end() ? nullptr : &*found;
}

/// The model with the longest name that `name` is or begins with: what follows, such as memory and
/// form, does not change the chip.
const GpuTable::Model* GpuTable::named(std::string_view name) const {
    const std::vector<std::string> asked = name_words(name);
    const Model* best = nullptr;
    std::size_t best_size = 0;
    for (const Model& model : models_) {
        for (const std::string& known_name : model.names) {
            const std::vector<std::string> known = name_words(known_name);
            const bool is_start = known.size() <= asked.size() &&
                                  std::equal(known.begin(), known.end(), asked.begin());
            if (text::join(known, "") == text::join(asked, "")) {
                return &model;
            }
            if (is_start && known.size() > best_size) {
                best = &model;
                best_size = known.size();
            }
        }
    }
    return best;
}

Result<Gpu> GpuTable::find(std::string_view text) const {
    text = text::trim(text);
    const Model* model = nullptr;
    if (const auto code = GpuCode::parse(text)) {
        model = with(code->capability);
    } else if (const auto capability = ComputeCapability::parse(text)) {
        model = with(*capability);
    } else {
        model = named(text);
    }
    if (model == nullptr) {
        std::vector<std::string> known;
        for (const Model& one : models_) {
            known.push_back(one.capability.to_string());
        }
        return fail(
            Error(ErrorCode::invalid_argument,
                  fmt::format("no GPU `{}` is known", text::printable(text)))
                .with_hint(fmt::format("name it as H100 or give its compute capability, one of {}",
                                       text::join(known, ", "))));
    }
    return Gpu{.name = std::string(text),
               .capability = model->capability,
               .is_tegra = model->is_tegra,
               .is_verified = model->is_verified};
}

Result<std::vector<Gpu>> GpuTable::find_list(std::string_view text) const {
    std::vector<Gpu> gpus;
    if (text::trim(text).empty()) {
        return gpus;
    }
    for (const std::string_view piece : text::split(text, ',')) {
        ENVPACK_TRY(Gpu gpu, find(piece));
        gpus.push_back(std::move(gpu));
    }
    return gpus;
}

/// Suffixes bind code to one compute capability or to a family.
bool GpuTable::is_for(const GpuCode& code, const Gpu& gpu) const {
    if (code.suffix == GpuCode::Suffix::architecture) {
        return code.capability == gpu.capability;
    }
    return std::any_of(families_.begin(), families_.end(), [&](const Family& family) {
        return family.target.capability == code.capability &&
               std::find(family.members.begin(), family.members.end(), gpu.capability) !=
                   family.members.end();
    });
}

bool GpuTable::runs(const GpuCode& code, const Gpu& gpu) const {
    if (code.is_ptx) {
        return false;
    }
    if (code.suffix != GpuCode::Suffix::none) {
        return is_for(code, gpu);
    }
    const Model* model = with(code.capability);
    return (model != nullptr && model->is_tegra) == gpu.is_tegra &&
           code.capability.major == gpu.capability.major &&
           code.capability.minor <= gpu.capability.minor;
}

bool GpuTable::compiles(const GpuCode& code, const Gpu& gpu) const {
    if (!code.is_ptx) {
        return false;
    }
    return code.suffix == GpuCode::Suffix::none ? code.capability <= gpu.capability
                                                : is_for(code, gpu);
}

}  // namespace envpack::cuda
