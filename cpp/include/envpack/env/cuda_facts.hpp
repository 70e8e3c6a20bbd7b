#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/cuda/driver_requirement.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/site_packages.hpp"

#include <optional>
#include <string>
#include <vector>

// The CUDA of a tree, read from variables, links, file names and a few texts; nothing is executed.
//
// * The toolkit of an image and the CUDA of its torch are two facts: a wheel brings its own
//   libraries and says nothing about what is below /usr/local/cuda.
// * Nothing is said from one hint alone where others are there: what disagrees is told.
// * rpm databases are not read; such images have CUDA_VERSION or the link.

namespace envpack::env {

/// A place that tells a version. Value; not synchronised.
struct VersionEvidence {
    std::string where;    ///< "CUDA_VERSION", "/usr/local/cuda/version.json", "package libnccl2"
    std::string version;  ///< as it is written there, cleaned: "12.4.1"
    friend bool operator==(const VersionEvidence&, const VersionEvidence&) = default;
};

/// Value; not synchronised.
struct CudaFacts {
    std::vector<VersionEvidence> toolkit = {};  ///< the first one decides, all are versions of CUDA
    std::vector<VersionEvidence> torch = {};    ///< the CUDA that torch and its wheels are for
    std::vector<VersionEvidence> cudnn = {};    ///< the first one decides
    std::vector<VersionEvidence> nccl = {};     ///< the first one decides
    /// Libraries of the toolkit, of cuDNN and NCCL that are there as files, by name; of wheels
    /// none.
    std::vector<std::string> libraries = {};                 ///< "libcublas"
    std::vector<cuda::DriverRequirement> requirements = {};  ///< all must hold
    std::vector<std::string> problems = {};  ///< one line each: disagreements, unreadable variables

    /// The toolkit's, with as many parts as are told.
    std::optional<cuda::CudaVersion> cuda() const;
    std::optional<cuda::CudaVersion> torch_cuda() const;
    /// What the container runtime demands of the driver; none when it does not demand a CUDA.
    std::optional<cuda::CudaVersion> least_driver_cuda() const;

    /// The cuDNN of the system, which is not that of a wheel; empty when there is none.
    std::string system_cudnn() const;

    /// {cuda, found, torch_cuda, torch, cudnn, nccl, libraries, driver_cuda, problems}; each
    /// finding has where and version
    json::Value to_json() const;
};

/// `inventory` holds the tree's packages; without a Python it is empty.
Result<CudaFacts> cuda_facts(const archive::FileTree& tree, const Environment& environment,
                             const Inventory& inventory, const RunContext& run);

/// Whether cuda_facts() may read the content of this file, as inventory_wants().
bool cuda_facts_want(const SafePath& path, const archive::FileInfo& info);

}  // namespace envpack::env
