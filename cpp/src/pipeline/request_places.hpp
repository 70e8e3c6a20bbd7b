#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/package_provider.hpp"
#include "place_index.hpp"
#include "request.hpp"

namespace envpack::pipeline {

/// What the request and its constraints name by place.
struct RequestPlaces {
    DirectSources opened = {};           ///< of the request
    ConstrainedPlaces constrained = {};  ///< of constraints, not opened
};

/// Opens what `request` asks for by place, which joins its requirements by name. What its
/// constraints name by place joins them by name, unopened; of a package that `base` keeps under
/// `policy`, by the version that the file's name tells. Fills `policy.direct`. invalid_argument
/// (rule `resolve.direct`) when the request names two places of one package.
Result<RequestPlaces> open_places(Request& request, const env::Inventory& base,
                                  env::ProviderOptions& policy, const DirectServices& services,
                                  const RunContext& run);

}  // namespace envpack::pipeline
