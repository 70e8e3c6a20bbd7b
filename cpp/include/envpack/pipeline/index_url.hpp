#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/index_plan.hpp"
#include "envpack/env/cuda_facts.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// What is told about the target; the machine that envpack runs on is not asked.
struct CudaOptions {
    std::string cuda = {};  ///< `12.4`, `cpu`; empty or `auto`: the toolkit of the base
    std::vector<std::string> gpus = {};  ///< as GpuTable::find_list() reads them
    std::string driver = {};             ///< `550.54.14`; empty: not known
    bool allow_other_major = false;      ///< than that of the base's toolkit
    /// A mirror of https://download.pytorch.org/whl, to which the suffix is added; empty:
    /// ENVPACK_TORCH_INDEX, or that address.
    std::string torch_index = {};
    /// `URL=URL`: what a table names below the first is asked for below the second. Not for torch.
    std::vector<std::string> mirrors = {};

    bool is_auto() const noexcept { return cuda.empty() || cuda == "auto"; }
    /// Whether anything is said about the target.
    bool is_given() const noexcept { return tells_target() || !torch_index.empty(); }
    /// Whether packages other than torch's are chosen for CUDA, too.
    bool tells_target() const noexcept {
        return !cuda.empty() || !gpus.empty() || !driver.empty() || allow_other_major;
    }
};

struct IndexUrlOptions {
    /// As Source::parse() reads it: its toolkit, Python and platform are the target.
    std::optional<std::string> base = std::nullopt;
    CudaOptions cuda = {};
    std::string torch = {};     ///< `2.6`, `2.6.0`, `>=2.5,<2.8`; empty: the newest that fits
    std::string python = {};    ///< `3.12`, `3.13t`; empty: the base's, or not known
    std::string platform = {};  ///< `x86_64` or `aarch64`; empty: the base's, else `x86_64`
    bool offline = false;       ///< do not ask the index
};

struct IndexUrlReport {
    cuda::IndexAnswer answer;
    std::optional<env::CudaFacts> base = std::nullopt;  ///< without a base: none
    /// Where the index itself says otherwise than the tables, which decide; they are among the
    /// plan's notes too. None where it was not asked or did not answer.
    std::optional<std::vector<std::string>> disagreements = std::nullopt;

    /// That of the plan or of the conflict, with `base`: {cuda, found, …} or null, and
    /// `disagreements`: texts or null.
    json::Value to_json() const;
};

/// The index of PyTorch's wheels that serves the target, from the tables that are compiled in; what
/// is to be known about it is among the plan's notes. The index that was chosen is asked once for
/// what it has of torch, unless pip is configured with `no-index`. invalid_argument for a GPU that
/// nobody knows, or GPUs with `cpu`; errors of opening the base. A base without Python is none.
Result<IndexUrlReport> index_url(const IndexUrlOptions& options,
                                 const UserConfig& user = user_config(),
                                 const RunContext& run = {});

/// How a plan is written for other tools.
enum class IndexUrlFormat : std::uint8_t { text, pip, uv, pylock };

/// By its name on the command line; nullopt for another word.
std::optional<IndexUrlFormat> parse_index_url_format(std::string_view name) noexcept;

/// `text` has the others and the reason. With a final LF.
std::string render(const cuda::IndexPlan& plan, IndexUrlFormat format);

}  // namespace envpack::pipeline
