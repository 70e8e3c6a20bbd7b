#pragma once

#include "audit_parts.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/audit.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <string_view>

// Wheels, and the packages of a lock, as the subject of an audit: what is not installed yet.

namespace envpack::pipeline {

/// Whether the source is a wheel or a lock, by its name.
bool are_packages(std::string_view source);

/// Puts the packages onto their base as build() does, but writes nothing; without a base onto
/// nothing, with the assumptions that this takes.
Result<AuditSubject> read_packages(const AuditOptions& options, const UserConfig& user,
                                   const RunContext& run);

}  // namespace envpack::pipeline
