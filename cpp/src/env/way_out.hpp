#pragma once

#include "explain_ways_out.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

// One kind of change of a request each. Every way out is solved before it is offered; nullopt when
// the change does not help.

namespace envpack::env::way_out {

inline constexpr std::size_t max_attempts = 8;  // of each kind: every one is a solve

/// The resolution of the changed request; nullopt when that is a conflict, too, or refused, or
/// fails in any way but being cancelled.
Result<std::optional<resolver::Resolution>> attempt(PackageProvider changed,
                                                    std::span<const UserRequirement> requirements,
                                                    const RunContext& run);
/// Takes out of `options` what constrains `names`, places included.
void drop_constraints(ProviderOptions& options, const std::set<packaging::PackageName>& names);

/// Another version of what one requirement names.
Result<std::optional<WayOut>> other_version(PackageProvider& provider,
                                            std::span<const UserRequirement> requirements,
                                            const packaging::Requirement& wanted,
                                            const ExplainOptions& options, const RunContext& run);
/// The request without the constraints on `name`.
Result<std::optional<WayOut>> without_constraint(PackageProvider& provider,
                                                 std::span<const UserRequirement> requirements,
                                                 const packaging::PackageName& name,
                                                 const RunContext& run);
/// Pre-releases of everything.
Result<std::optional<WayOut>> with_prereleases(PackageProvider& provider,
                                               std::span<const UserRequirement> requirements,
                                               const ExplainOptions& options,
                                               const RunContext& run);
/// The newest withdrawn version in `range`, asked for by name.
Result<std::optional<WayOut>> pin_yanked(PackageProvider& provider,
                                         std::span<const UserRequirement> requirements,
                                         const packaging::PackageName& name,
                                         const packaging::VersionRange& range,
                                         const ExplainOptions& options, const RunContext& run);
/// A package of the base replaced, or hidden where it cannot be removed; says what that breaks.
Result<std::optional<WayOut>> unfreeze(PackageProvider& provider,
                                       std::span<const UserRequirement> requirements,
                                       const packaging::PackageName& name,
                                       const ExplainOptions& options, const RunContext& run);
/// The base's version kept although a package asks for another one.
Result<std::optional<WayOut>> relax(PackageProvider& provider,
                                    std::span<const UserRequirement> requirements,
                                    const Involved::Demand& demand, const ExplainOptions& options,
                                    const RunContext& run);
/// The release of NVIDIA's image whose torch fits, nearest to the present one. Only the torch of
/// the other releases is known, so the rest of the base's torch stack is left out of the proof.
Result<std::optional<WayOut>> other_base(PackageProvider& provider,
                                         std::span<const UserRequirement> requirements,
                                         const RunContext& run);
/// A set of base packages and constraints that has to go together: what each conflict leans on,
/// from `conflict` on, joins it until the request is solved, then whatever turns out not to be
/// needed leaves it. No smaller part of the set is enough.
Result<std::optional<WayOut>> pins_together(const resolver::Conflict& conflict,
                                            PackageProvider& provider,
                                            std::span<const UserRequirement> requirements,
                                            const ExplainOptions& options, const RunContext& run);

}  // namespace envpack::env::way_out
