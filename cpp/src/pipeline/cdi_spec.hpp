#pragma once

#include "envpack/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// What a spec of the Container Device Interface says that can be compared with the machine.
/// Value; not synchronised. Source: CDI specification 1.0.
struct CdiSpec {
    std::string kind = {};                  ///< "nvidia.com/gpu"
    std::vector<std::string> devices = {};  ///< names: "0", "all", "GPU-…"
    std::vector<std::string> nodes = {};    ///< device files of the host
    std::vector<std::string> mounts = {};   ///< host paths
    std::vector<std::string> hooks = {};    ///< programs of the host
    std::string driver = {};                ///< that it was made for; empty where it is not told
    bool is_whole = true;                   ///< false: lines of YAML that could not be followed

    /// JSON; parse_error as json::parse(), and where it is no spec.
    static Result<CdiSpec> parse_json(std::string_view text);
    /// Of the block style that nvidia-ctk and kubectl write: one key or list item a line, scalars
    /// on their line. What is in another style is skipped, and `is_whole` false. Never fails: only
    /// a YAML parser could say that a file is wrong.
    static CdiSpec scan_yaml(std::string_view text);
};

}  // namespace envpack::pipeline
