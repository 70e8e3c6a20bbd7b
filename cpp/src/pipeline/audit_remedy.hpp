#pragma once

#include "audit_parts.hpp"
#include "envpack/cuda/driver_table.hpp"

#include <cstddef>
#include <optional>
#include <string>

// What to install instead of what does not run.

namespace envpack::pipeline {

/// For a package without code for one of the report's GPUs: for torch and what is built with it the
/// index that has it, from the tables; for others how to get such code.
Result<std::string> fix_for_code(const AuditSubject& subject, const AuditReport& report,
                                 const std::string& package, std::size_t gpu);

/// For a package whose CUDA the driver does not start; `needs` is the driver that would.
Result<std::string> fix_for_driver(const AuditSubject& subject, const AuditReport& report,
                                   const std::string& package,
                                   const std::optional<cuda::DriverVersion>& needs);

/// The driver that has `cuda` in full; empty when nobody knows.
std::string driver_fix(const std::optional<cuda::CudaVersion>& cuda,
                       const cuda::DriverTable& drivers);

}  // namespace envpack::pipeline
