#pragma once

#include "envpack/env/sbom.hpp"
#include "envpack/pipeline/source.hpp"

#include <string>

namespace envpack::pipeline {

/// What documents call an image, or what else is at a place: the reference that it has in a
/// docker-archive, else the last name of the path, without a suffix that tells an archive. Folders
/// of this machine are nobody else's business.
std::string document_name(const Source& place);

/// The subject of a bill of materials of a source; its digest is left open.
env::SbomSubject subject_of(const Source& source);

}  // namespace envpack::pipeline
