#pragma once

#include "envpack/base/result.hpp"
#include "envpack/cuda/driver_table.hpp"
#include "envpack/cuda/index_plan.hpp"
#include "envpack/env/cuda_facts.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/http/url.hpp"
#include "envpack/pipeline/index_url.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// `2.6` is all of `2.6.*`, `2.6.0` that release, anything else a specifier set; empty: any.
Result<packaging::SpecifierSet> torch_specifiers(std::string_view text);

/// The question for this target. `facts` is nullptr without a base.
Result<cuda::IndexQuestion> index_question(const CudaOptions& options, const env::CudaFacts* facts);

/// `machine`, or invalid_argument where PyTorch has no CUDA wheels for it.
Result<std::string> machine_for(const std::string& machine);

/// The URL to ask, with the credentials of the mirror that the options or ENVPACK_TORCH_INDEX name;
/// `plan.url` becomes what may be shown of it. invalid_argument for what is no URL of a folder.
Result<http::Url> use_mirror(cuda::IndexPlan& plan, const CudaOptions& options,
                             const UserConfig& user);

/// "3.12", "3.13t"; empty when it is not known.
std::string python_of(const env::Interpreter& python);

/// What somebody who starts the base on that driver should know.
std::vector<std::string> driver_notes(const cuda::IndexQuestion& question,
                                      const env::CudaFacts& facts,
                                      const cuda::DriverTable& drivers);

}  // namespace envpack::pipeline
