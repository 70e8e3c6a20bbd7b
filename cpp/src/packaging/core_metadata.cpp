#include "envpack/packaging/core_metadata.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <utility>

namespace envpack::packaging {
namespace {

// A folded value of a field that has only one line.
std::string unfolded(std::string value) {
    std::replace(value.begin(), value.end(), '\n', ' ');
    return value;
}

Result<std::string> required(const MetadataHeaders& headers, std::string_view name) {
    const std::string* value = find_header(headers, name);
    if (value == nullptr || value->empty()) {
        return fail(ErrorCode::parse_error, "metadata has no field `" + std::string(name) + "`");
    }
    return unfolded(*value);
}

void read_field(CoreMetadata& metadata, std::string_view name, std::string value) {
    const auto is = [name](std::string_view field) {
        return text::equals_ignoring_case(name, field);
    };
    if (is("Requires-Dist")) {
        value = unfolded(std::move(value));
        if (auto requirement = Requirement::parse(value)) {
            metadata.requires_dist.push_back(*std::move(requirement));
        } else {
            metadata.invalid_requires_dist.push_back(std::move(value));
        }
    } else if (is("Provides-Extra")) {
        auto extra = PackageName::parse(value);
        auto& extras = metadata.provides_extra;
        if (extra && std::find(extras.begin(), extras.end(), *extra) == extras.end()) {
            extras.push_back(*std::move(extra));
        }
    } else if (is("Dynamic")) {
        metadata.dynamic.push_back(unfolded(std::move(value)));
    }
}

std::string first_or_empty(const MetadataHeaders& headers, std::string_view name) {
    const std::string* value = find_header(headers, name);
    return value == nullptr ? "" : *value;
}

void read_requires_python(CoreMetadata& metadata, const MetadataHeaders& headers) {
    std::string text = unfolded(first_or_empty(headers, "Requires-Python"));
    if (text.empty()) {
        return;
    }
    if (auto specifiers = SpecifierSet::parse(text)) {
        metadata.requires_python = *std::move(specifiers);
    } else {
        metadata.invalid_requires_python = std::move(text);
    }
}

}  // namespace

Result<CoreMetadata> CoreMetadata::parse(std::string_view text, const Limits& limits) {
    ENVPACK_TRY(MetadataHeaders headers, parse_metadata_headers(text, limits));
    ENVPACK_TRY(std::string raw_name, required(headers, "Name"));
    ENVPACK_TRY(PackageName name,
                with_context(PackageName::parse(raw_name), "while reading the field `Name`"));
    ENVPACK_TRY(std::string raw_version, required(headers, "Version"));
    ENVPACK_TRY(Version version,
                with_context(Version::parse(raw_version), "while reading the field `Version`"));
    CoreMetadata metadata{.name = std::move(name), .version = std::move(version)};
    metadata.raw_name = std::move(raw_name);
    metadata.raw_version = std::move(raw_version);
    metadata.metadata_version = first_or_empty(headers, "Metadata-Version");
    metadata.summary = unfolded(first_or_empty(headers, "Summary"));
    metadata.license = first_or_empty(headers, "License");
    metadata.license_expression = unfolded(first_or_empty(headers, "License-Expression"));
    read_requires_python(metadata, headers);
    for (auto& [field, value] : headers) {
        read_field(metadata, field, std::move(value));
    }
    return metadata;
}

}  // namespace envpack::packaging
