#include "sbom_subject.hpp"

#include "envpack/base/text.hpp"

#include <filesystem>

namespace envpack::pipeline {

std::string document_name(const Source& place) {
    if (place.kind == Source::Kind::docker_archive && !place.tag.empty() &&
        !place.tag.starts_with('@') && place.tag != "latest") {
        return place.tag;
    }
    std::filesystem::path path = place.path.lexically_normal();
    if (!path.has_filename()) {
        path = path.parent_path();  // `image/`
    }
    const bool is_archive =
        place.kind == Source::Kind::oci_archive || place.kind == Source::Kind::docker_archive;
    const std::string name = (is_archive ? path.stem() : path.filename()).string();
    if (name.empty() || name == "." || name == ".." || name == "-" || name == "/") {
        return place.is_image() ? "image" : "environment";
    }
    return text::printable(name);
}

env::SbomSubject subject_of(const Source& source) {
    return {.name = document_name(source),
            .is_image = source.is_image(),
            .is_of_this_machine = source.kind == Source::Kind::python};
}

}  // namespace envpack::pipeline
