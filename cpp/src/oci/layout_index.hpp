#pragma once

#include "envpack/base/result.hpp"
#include "envpack/oci/image_index.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::oci {

inline constexpr std::string_view ref_name_key = "org.opencontainers.image.ref.name";

/// The ref name of an entry of index.json; empty when it has none.
std::string_view ref_name_of(const Descriptor& entry) noexcept;

/// The entries of index.json `raw` that `name` stands for, as Fetcher::find() has it.
Result<std::vector<Descriptor>> find_in_layout_index(std::string_view raw, std::string_view name);

/// The ref names of entries, sorted, each once.
std::vector<std::string> ref_names_of(const std::vector<Descriptor>& entries);

/// The index.json of a layout without images.
std::string empty_layout_index();

/// `raw` with `name` for `descriptor`, whatever else had the name taken out; other entries and
/// unknown keys stay. nullopt when the index says so already.
Result<std::optional<std::string>> tagged_layout_index(std::string_view raw,
                                                       const Descriptor& descriptor,
                                                       std::string_view name);

}  // namespace envpack::oci
