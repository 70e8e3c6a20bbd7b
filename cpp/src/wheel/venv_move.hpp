#pragma once

#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::wheel {

/// Where a virtual environment was and where it will be: what the absolute paths in its texts
/// become. One environment has several old names (the path it was made with, the real path, the
/// path given now), so all that are known are looked for. Value; not synchronised.
class VenvMove {
public:
    /// `prefix` and `interpreter` (the base Python) are those in the image. not_found without a
    /// pyvenv.cfg; invalid_argument for an interpreter that no script can name.
    static Result<VenvMove> find(const archive::DiskTree& tree, const SafePath& prefix,
                                 const std::string& interpreter, const Limits& limits);
    VenvMove(std::vector<std::string> old_prefixes, const SafePath& prefix,
             std::string interpreter);

    /// From here on, moved_config() lets the environment see the packages of the base Python.
    void see_base_packages() noexcept { sees_base_ = true; }

    const SafePath& prefix() const noexcept { return prefix_; }
    const std::string& interpreter() const noexcept { return interpreter_; }

    /// The new spelling of an absolute path at or below an old prefix; nullopt elsewhere.
    std::optional<std::string> moved_path(std::string_view path) const;
    /// The same, relative to the environment; the root for the prefix itself.
    std::optional<SafePath> relative(std::string_view path) const;
    /// Every old prefix in `text` that ends a path or is followed by `/` made the new one.
    std::string moved_text(std::string_view text) const;
    /// With the interpreter of its first lines moved; nullopt when there is nothing to change.
    Result<std::optional<std::string>> moved_script(std::string_view script) const;
    /// pyvenv.cfg for the image: the keys that name the base Python are set, those that name the
    /// machine it was made on are dropped, the others are kept as they are.
    std::string moved_config(std::string_view config) const;

private:
    std::vector<std::string> old_prefixes_;  ///< absolute, no final `/`, longest first
    SafePath prefix_;
    std::string new_prefix_;  ///< absolute
    std::string interpreter_;
    bool sees_base_ = false;
};

}  // namespace envpack::wheel
