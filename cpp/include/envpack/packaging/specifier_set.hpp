#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/specifier.hpp"
#include "envpack/packaging/version.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// Clauses that must all hold: `>=1.16,<2`. Pre-releases follow PEP 440 as `packaging` 26 reads
/// it: they are accepted where the caller or the set asks for them or a clause names one, and
/// otherwise only where no final release matches. Value; not synchronised.
class SpecifierSet {
public:
    /// No clause: every version.
    SpecifierSet() = default;
    /// Clauses separated by commas; empty ones are ignored. parse_error when a clause is wrong.
    static Result<SpecifierSet> parse(std::string_view text,
                                      std::optional<bool> prereleases = std::nullopt);
    /// `==version`: what a pin accepts, local versions of a public one included.
    static SpecifierSet pin(const Version& version);

    /// Sorted by text, without equal clauses.
    std::span<const Specifier> specifiers() const noexcept {
        return specifiers_ ? std::span<const Specifier>(*specifiers_)
                           : std::span<const Specifier>();
    }
    bool empty() const noexcept { return specifiers().empty(); }

    /// true and false where pre-releases are switched on or off; nullopt where the rule of PEP 440
    /// decides. The switch of the set wins over what its clauses name.
    std::optional<bool> prereleases() const noexcept;
    /// The same clauses with another switch.
    SpecifierSet with_prereleases(std::optional<bool> prereleases) const;

    /// One version has no rival, so the rule of PEP 440 lets a pre-release pass: it is refused
    /// only where pre-releases are switched off. `prereleases` wins over the switch of the set,
    /// and `installed` accepts a pre-release that is already there.
    bool contains(const Version& version, std::optional<bool> prereleases = std::nullopt,
                  bool installed = false) const;
    /// As above for a text that may be no version; `===` then compares the text as given.
    bool contains(std::string_view text, std::optional<bool> prereleases = std::nullopt,
                  bool installed = false) const;

    /// The positions of the items that remain, ascending. Pre-releases remain where they are
    /// switched on, or where no final release remains.
    std::vector<std::size_t> filter(std::span<const Version> versions,
                                    std::optional<bool> prereleases = std::nullopt) const;
    /// As above; texts that are no versions can only match `===` and the empty set.
    std::vector<std::size_t> filter(std::span<const std::string> texts,
                                    std::optional<bool> prereleases = std::nullopt) const;

    /// As `str()` of packaging: clauses as written, sorted by text, joined by commas.
    std::string to_string() const;

    /// All clauses of both. Where the two switches differ, "off" wins.
    friend SpecifierSet operator&(const SpecifierSet& a, const SpecifierSet& b);
    /// The same clauses; the switch is not compared.
    friend bool operator==(const SpecifierSet& a, const SpecifierSet& b);

private:
    SpecifierSet(std::vector<Specifier> specifiers, std::optional<bool> prereleases);
    bool refuses(const Version& version, std::optional<bool> prereleases, bool installed) const;
    bool matches(const Version& version) const;
    bool matches(std::string_view text) const;

    std::shared_ptr<const std::vector<Specifier>> specifiers_;  // copies share it; may be null
    std::optional<bool> prereleases_;
};

}  // namespace envpack::packaging
