#include "layout_index.hpp"

#include "envpack/base/json.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace envpack::oci {
namespace {

/// As ref_name_of(), on an entry that has been read already.
bool has_ref_name(const json::Value& entry, std::string_view name) {
    const json::Value* annotations = entry.find("annotations");
    const json::Value* value = annotations == nullptr ? nullptr : annotations->find(ref_name_key);
    return value != nullptr && value->as_string() != nullptr && *value->as_string() == name;
}

}  // namespace

std::string_view ref_name_of(const Descriptor& entry) noexcept {
    const auto name = entry.annotations.find(ref_name_key);
    return name == entry.annotations.end() ? std::string_view() : name->second;
}

Result<std::vector<Descriptor>> find_in_layout_index(std::string_view raw, std::string_view name) {
    ENVPACK_TRY(ImageIndex index, ImageIndex::parse_layout_index(raw));
    if (!name.empty()) {
        std::erase_if(index.manifests, [&](const Descriptor& entry) {
            return ref_name_of(entry) != name && entry.digest.to_string() != name;
        });
    }
    return std::move(index.manifests);
}

std::vector<std::string> ref_names_of(const std::vector<Descriptor>& entries) {
    std::set<std::string> names;
    for (const Descriptor& entry : entries) {
        if (const std::string_view name = ref_name_of(entry); !name.empty()) {
            names.emplace(name);
        }
    }
    return {names.begin(), names.end()};
}

std::string empty_layout_index() {
    json::Value document = json::Object{};
    document.set("schemaVersion", 2);
    document.set("mediaType", media_type::oci_index);
    document.set("manifests", json::Array{});
    return json::to_canonical(document);
}

Result<std::optional<std::string>> tagged_layout_index(std::string_view raw,
                                                       const Descriptor& descriptor,
                                                       std::string_view name) {
    ENVPACK_TRY(ImageIndex index, ImageIndex::parse_layout_index(raw));
    Descriptor entry = descriptor;
    entry.annotations.insert_or_assign(std::string(ref_name_key), std::string(name));

    const auto has_name = [&](const Descriptor& other) { return ref_name_of(other) == name; };
    if (std::ranges::count_if(index.manifests, has_name) == 1 &&
        std::ranges::find(index.manifests, entry) != index.manifests.end()) {
        return std::nullopt;
    }
    json::Value* manifests = index.document.find("manifests");
    if (manifests->as_array() == nullptr) {
        *manifests = json::Array{};
    }
    json::Array& entries = *manifests->as_array();
    const auto taken = [&](const json::Value& other) { return has_ref_name(other, name); };
    const auto first = std::ranges::find_if(entries, taken);
    const auto place = static_cast<std::size_t>(first - entries.begin());
    std::erase_if(entries, taken);
    entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(std::min(place, entries.size())),
                   entry.to_json());
    return json::to_canonical(index.document);
}

}  // namespace envpack::oci
