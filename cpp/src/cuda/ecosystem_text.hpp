#pragma once

#include "envpack/packaging/requirement.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace envpack::cuda {

/// `jax[cuda12]==0.6`, as people write it.
std::string without_marker(packaging::Requirement requirement);
/// `jax[cuda12]`
std::string with_extras(std::string name, const std::vector<packaging::PackageName>& extras);
/// `text` with `value` instead of `key`.
std::string text_with(std::string text, std::string_view key, std::string_view value);
/// Of a set with a pin; nullptr for others.
const packaging::Version* pinned_version(const packaging::SpecifierSet& specifiers) noexcept;

}  // namespace envpack::cuda
