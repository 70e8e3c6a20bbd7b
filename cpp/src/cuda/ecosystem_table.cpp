#include "envpack/cuda/ecosystem_table.hpp"

#include "fact_rows.hpp"
#include "fact_tables.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using packaging::PackageName;
using packaging::SpecifierSet;
using packaging::Version;
using Scheme = EcosystemFamily::Scheme;

Result<bool> truth_at(const json::Value& row, std::string_view key) {
    const json::Value* value = row.find(key);
    if (value == nullptr || value->as_bool() == nullptr) {
        return fail(ErrorCode::parse_error, "`" + std::string(key) + "` is neither true nor false");
    }
    return *value->as_bool();
}

/// Empty when absent or null.
Result<std::string> words_at(const json::Value& row, std::string_view key) {
    ENVPACK_TRY(const std::string* text, json::optional_string_at(row, key));
    return text == nullptr ? std::string() : *text;
}

Result<Scheme> scheme_at(const json::Value& row) {
    constexpr std::pair<std::string_view, Scheme> schemes[] = {
        {"builds", Scheme::builds},         {"torch-pin", Scheme::torch_pin},
        {"torch-page", Scheme::torch_page}, {"torch-wheel", Scheme::torch_wheel},
        {"advice", Scheme::advice},
    };
    ENVPACK_TRY(const std::string_view word, json::string_at(row, "scheme"));
    const auto* found = std::find_if(std::begin(schemes), std::end(schemes),
                                     [&](const auto& one) { return one.first == word; });
    if (found == std::end(schemes)) {
        return fail(ErrorCode::parse_error, "`" + std::string(word) + "` is no scheme");
    }
    return found->second;
}

Result<SpecifierSet> specifiers_at(const json::Value& row, std::string_view key) {
    ENVPACK_TRY(const std::string text, words_at(row, key));
    return SpecifierSet::parse(text);
}

Result<EcosystemBuild> read_build(const json::Value& row) {
    EcosystemBuild build{.is_verified = is_verified(row, "cuda") && is_verified(row, "suffix") &&
                                        is_verified(row, "extras")};
    ENVPACK_TRY(build.cuda, parsed_at<CudaVersion>(row, "cuda"));
    ENVPACK_TRY(build.suffix, words_at(row, "suffix"));
    ENVPACK_TRY(build.extras, parsed_list_at<PackageName>(row, "extras"));
    if (const json::Value* local = row.find("local_extras");
        local != nullptr && !local->is_null()) {
        ENVPACK_TRY(build.local_extras, parsed_list_at<PackageName>(row, "local_extras"));
    }
    ENVPACK_TRY(build.local_cuda, optional_at<CudaVersion>(row, "local_cuda"));
    ENVPACK_TRY(build.cudnn, specifiers_at(row, "cudnn"));
    ENVPACK_TRY(build.least_gpu, optional_at<ComputeCapability>(row, "least_gpu"));
    ENVPACK_TRY(build.from, optional_at<Version>(row, "from"));
    ENVPACK_TRY(build.below, optional_at<Version>(row, "below"));
    ENVPACK_TRY(build.index, words_at(row, "index"));
    return build;
}

Result<void> read_torch(const json::Value& row, EcosystemFamily& family) {
    ENVPACK_TRY(const json::Array* pins, json::array_at(row, "torch"));
    for (const json::Value& one : *pins) {
        EcosystemFamily::TorchPin pin;
        ENVPACK_TRY(pin.versions, specifiers_at(one, "versions"));
        ENVPACK_TRY(pin.torch, specifiers_at(one, "torch"));
        family.torch.push_back(std::move(pin));
    }
    ENVPACK_TRY(family.page, words_at(row, "page"));
    ENVPACK_TRY(const json::Array* pages, json::array_at(row, "pages"));
    for (const json::Value& one : *pages) {
        ENVPACK_TRY(Version torch, parsed_at<Version>(one, "torch"));
        EcosystemFamily::Page page{.torch = std::move(torch),
                                   .is_verified = is_verified(one, "suffixes")};
        ENVPACK_TRY(page.suffixes, texts_at(one, "suffixes"));
        family.pages.push_back(std::move(page));
    }
    return {};
}

Result<void> read_extras(const json::Value& row, EcosystemFamily& family) {
    ENVPACK_TRY(family.other_extras, parsed_list_at<PackageName>(row, "other_extras"));
    ENVPACK_TRY(const json::Value* same, json::object_at(row, "same_extras"));
    for (const auto& [text, meaning] : *same->as_object()) {
        ENVPACK_TRY(PackageName extra, PackageName::parse(text));
        ENVPACK_TRY(PackageName other, parsed_at<PackageName>(*same, text));
        family.same_extras.emplace(std::move(extra), std::move(other));
    }
    return {};
}

Result<EcosystemFamily> read_family(const json::Value& row) {
    EcosystemFamily family{.is_verified = is_verified(row, "builds")};
    ENVPACK_TRY(family.name, words_at(row, "family"));
    ENVPACK_TRY(family.scheme, scheme_at(row));
    ENVPACK_TRY(family.names, parsed_list_at<PackageName>(row, "names"));
    ENVPACK_TRY(family.is_cuda_only, truth_at(row, "cuda_only"));
    ENVPACK_TRY(family.without_cuda, words_at(row, "without_cuda"));
    ENVPACK_TRY(const std::string major, words_at(row, "default_cuda"));
    if (!major.empty()) {
        unsigned number = 0;
        const auto [end, error] =
            std::from_chars(major.data(), major.data() + major.size(), number);
        if (error != std::errc() || end != major.data() + major.size()) {
            return fail(ErrorCode::parse_error, "`default_cuda` is no number");
        }
        family.default_major = number;
    }
    ENVPACK_CHECK(read_extras(row, family));
    ENVPACK_TRY(family.libraries, texts_at(row, "libraries"));
    ENVPACK_TRY(const json::Array* groups, json::array_at(row, "exclusive"));
    for (const json::Value& group : *groups) {
        ENVPACK_TRY(auto names,
                    parsed_list_at<PackageName>(json::Object{{"names", group}}, "names"));
        family.exclusive.push_back(std::move(names));
    }
    ENVPACK_TRY(family.index, words_at(row, "index"));
    ENVPACK_CHECK(read_torch(row, family));
    ENVPACK_TRY(const json::Array* builds, json::array_at(row, "builds"));
    for (const json::Value& one : *builds) {
        ENVPACK_TRY(EcosystemBuild build, read_build(one));
        family.builds.push_back(std::move(build));
    }
    ENVPACK_TRY(family.advice, words_at(row, "advice"));
    return family;
}

bool is_among(std::span<const PackageName> names, const PackageName& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

SpecifierSet EcosystemBuild::releases() const {
    return *SpecifierSet::parse(fmt::format("{}{}{}{}", from ? ">=" : "",
                                            from ? from->to_string() + "," : "", below ? "<" : "",
                                            below ? below->to_string() : ""));
}

Result<const EcosystemTable*> EcosystemTable::load() {
    static const Result<EcosystemTable> table = compiled_in(read(), "ecosystems");
    if (!table) {
        return fail(table.error());
    }
    return &*table;
}

Result<EcosystemTable> EcosystemTable::read() {
    EcosystemTable table;
    ENVPACK_TRY(const json::Value document, json::parse(ecosystems_json));
    ENVPACK_TRY(const json::Array* rows, json::array_at(document, "families"));
    for (const json::Value& row : *rows) {
        ENVPACK_TRY(EcosystemFamily family, read_family(row));
        table.families_.push_back(std::move(family));
    }
    return table;
}

const PackageName* plain_name(const EcosystemFamily& family, const EcosystemBuild& build,
                              const PackageName& name) noexcept {
    const std::string_view text = name.str();
    if (!text.ends_with(build.suffix)) {
        return nullptr;
    }
    const std::string_view plain = text.substr(0, text.size() - build.suffix.size());
    const auto found = std::find_if(family.names.begin(), family.names.end(),
                                    [&](const PackageName& one) { return one.str() == plain; });
    return found == family.names.end() ? nullptr : &*found;
}

const EcosystemFamily* EcosystemTable::find(const PackageName& name) const noexcept {
    for (const EcosystemFamily& family : families_) {
        if (is_among(family.names, name) ||
            std::any_of(family.builds.begin(), family.builds.end(), [&](const EcosystemBuild& one) {
                return plain_name(family, one, name) != nullptr;
            })) {
            return &family;
        }
    }
    return nullptr;
}

std::span<const PackageName> EcosystemTable::rivals(const PackageName& name) const noexcept {
    for (const EcosystemFamily& family : families_) {
        for (const std::vector<PackageName>& group : family.exclusive) {
            if (is_among(group, name)) {
                return group;
            }
        }
    }
    return {};
}

}  // namespace envpack::cuda
