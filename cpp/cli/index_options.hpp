#pragma once

#include "envpack/pipeline/user_indexes.hpp"

namespace CLI {
class App;
}

namespace envpack::cli {

/// pip's options for package indexes, for every verb that fetches packages.
void add_index_options(CLI::App& verb, pipeline::IndexOptions& options);

}  // namespace envpack::cli
