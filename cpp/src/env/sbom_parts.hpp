#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/env/sbom.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// What both formats of a bill of materials say, before it is spelled.

namespace envpack::env {

/// One installed distribution. The pointers live as long as the inventory and the options.
struct SbomPackage {
    const FrozenPackage* package = nullptr;
    const PackageOrigin* origin = nullptr;            ///< null: nothing more is known
    std::string version = {};                         ///< empty: unknown
    std::string url = {};                             ///< package URL
    std::string path = {};                            ///< where it is; empty: not to be told
    std::string location = {};                        ///< where it was taken from; empty: unknown
    std::optional<std::size_t> layer = std::nullopt;  ///< from 0
    std::string sha256 = {};                          ///< of its wheel, hexadecimal; empty: unknown
    bool is_shadowed = false;          ///< another one of this name is found before it
    std::set<std::size_t> needs = {};  ///< numbers of others
};

/// Every installed distribution, each with those that it hides behind it.
std::vector<SbomPackage> sbom_packages(const Inventory& inventory, const SbomOptions& options);

/// A path of the inventory as it may be told; empty: not at all.
std::string told_path(std::string_view path, const Inventory& inventory,
                      const SbomOptions& options);

/// Text from outside: one line of valid UTF-8.
std::string told(std::string_view text);

/// The digest of the subject's layer; empty where it is not known.
std::string layer_digest(const SbomPackage& package, const SbomOptions& options);

/// The UUID that stands for a text: version 8 of its SHA-256 (RFC 9562, 5.8 and B.2).
std::string uuid_of(std::string_view text);

}  // namespace envpack::env
