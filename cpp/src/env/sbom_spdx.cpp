#include "envpack/env/sbom.hpp"
#include "license_expression.hpp"
#include "sbom_parts.hpp"

#include <set>
#include <utility>

namespace envpack::env {
namespace {

using json::Array;
using json::Object;
using json::Value;

constexpr const char* no_assertion = "NOASSERTION";
constexpr const char* document_id = "SPDXRef-DOCUMENT";
constexpr const char* subject_id = "SPDXRef-Subject";
constexpr const char* base_id = "SPDXRef-Base";

Object relationship(const std::string& from, const char* type, const std::string& to) {
    return {{"spdxElementId", from}, {"relationshipType", type}, {"relatedSpdxElement", to}};
}

/// Names are [a-z0-9-], as identifiers may be.
std::string id_of(const SbomPackage& entry, std::size_t number) {
    const std::string name(entry.package->name.str());
    return entry.is_shadowed ? "SPDXRef-Shadowed-" + std::to_string(number) + '-' + name
                             : "SPDXRef-Package-" + name;
}

Object sha256_checksum(const std::string& hex) {
    return {{"algorithm", "SHA256"}, {"checksumValue", hex}};
}

/// One sentence of where in the image it is (7.12: background of the package's origin).
std::string source_info(const SbomPackage& entry, const SbomOptions& options) {
    std::string text = entry.path.empty() ? "" : "installed at " + entry.path;
    if (entry.layer) {
        text += (text.empty() ? "in layer " : ", in layer ") + std::to_string(*entry.layer + 1);
        if (const std::string digest = layer_digest(entry, options); !digest.empty()) {
            text += " (" + digest + ')';
        }
    }
    if (entry.is_shadowed) {
        text += "; hidden by another package of this name";
    }
    return text;
}

class SpdxWriter {
public:
    SpdxWriter(const Inventory& inventory, const SbomOptions& options)
        : inventory_(inventory), options_(options) {}

    json::Value write() {
        const std::vector<SbomPackage> entries = sbom_packages(inventory_, options_);
        add_subject();
        for (std::size_t i = 0; i < entries.size(); ++i) {
            add_package(entries[i], id_of(entries[i], i));
        }
        for (std::size_t i = 0; i < entries.size(); ++i) {
            for (const std::size_t to : entries[i].needs) {
                relationships_.emplace_back(
                    relationship(id_of(entries[i], i), "DEPENDS_ON", id_of(entries[to], to)));
            }
        }
        return document();
    }

private:
    void add_subject() {
        const SbomSubject& subject = options_.subject;
        Object package{{"SPDXID", subject_id}, {"name", told(subject.name)}};
        if (!subject.digest.empty()) {
            package.emplace_back("versionInfo", subject.digest);
        }
        package.emplace_back("downloadLocation", no_assertion);
        package.emplace_back("filesAnalyzed", false);
        package.emplace_back("primaryPackagePurpose",
                             subject.is_image ? "CONTAINER" : "APPLICATION");
        if (const auto digest = Digest::parse(subject.digest)) {
            package.emplace_back("checksums", Array{sha256_checksum(digest->hex())});
        }
        Array annotations;
        for (const StartupHook& hook : inventory_.startup_hooks) {
            if (const std::string path = told_path(hook.path, inventory_, options_);
                !path.empty()) {
                annotations.push_back(annotation("start-up hook (" + hook.kind + "): " + path));
            }
        }
        if (!annotations.empty()) {
            package.emplace_back("annotations", std::move(annotations));
        }
        packages_.emplace_back(std::move(package));
        relationships_.emplace_back(relationship(document_id, "DESCRIBES", subject_id));
        if (!subject.base_digest.empty()) {
            packages_.emplace_back(Object{{"SPDXID", base_id},
                                          {"name", told(subject.base_name)},
                                          {"versionInfo", subject.base_digest},
                                          {"downloadLocation", no_assertion},
                                          {"filesAnalyzed", false},
                                          {"primaryPackagePurpose", "CONTAINER"}});
            relationships_.emplace_back(relationship(subject_id, "DESCENDANT_OF", base_id));
        }
    }

    void add_package(const SbomPackage& entry, const std::string& id) {
        Object package{{"SPDXID", id}, {"name", entry.package->name.str()}};
        if (!entry.version.empty()) {
            package.emplace_back("versionInfo", entry.version);
        }
        if (entry.origin != nullptr && !entry.origin->file_name.empty()) {
            package.emplace_back("packageFileName", told(entry.origin->file_name));
        }
        package.emplace_back("downloadLocation",
                             entry.location.empty() ? no_assertion : entry.location);
        package.emplace_back("filesAnalyzed", false);
        if (!entry.sha256.empty()) {
            package.emplace_back("checksums", Array{sha256_checksum(entry.sha256)});
        }
        if (const std::string info = source_info(entry, options_); !info.empty()) {
            package.emplace_back("sourceInfo", info);
        }
        package.emplace_back("licenseDeclared", license(entry));
        Array annotations;
        if (!entry.is_shadowed) {
            for (const std::string& path : entry.package->sboms) {
                annotations.push_back(annotation("bill of materials in the package: " +
                                                 told_path(path, inventory_, options_)));
            }
        }
        if (!annotations.empty()) {
            package.emplace_back("annotations", std::move(annotations));
        }
        package.emplace_back("externalRefs", Array{Object{{"referenceCategory", "PACKAGE-MANAGER"},
                                                          {"referenceType", "purl"},
                                                          {"referenceLocator", entry.url}}});
        packages_.emplace_back(std::move(package));
        relationships_.emplace_back(relationship(subject_id, "CONTAINS", id));
    }

    std::string license(const SbomPackage& entry) {
        auto expression = LicenseExpression::parse(
            entry.is_shadowed ? std::string_view() : entry.package->license_expression);
        if (!expression) {
            return no_assertion;
        }
        license_refs_.insert(expression->refs.begin(), expression->refs.end());
        return std::move(expression->text);
    }

    Value annotation(const std::string& text) const {
        return Object{{"annotationDate", format_rfc3339(options_.created)},
                      {"annotationType", "OTHER"},
                      {"annotator", tool()},
                      {"comment", text}};
    }

    std::string tool() const { return "Tool: envpack-" + options_.envpack_version; }

    json::Value document() {
        Object content{{"spdxVersion", "SPDX-2.3"},
                       {"dataLicense", "CC0-1.0"},
                       {"SPDXID", document_id},
                       {"name", told(options_.subject.name)},
                       {"creationInfo", Object{{"created", format_rfc3339(options_.created)},
                                               {"creators", Array{Value(tool())}}}},
                       {"packages", std::move(packages_)},
                       {"relationships", std::move(relationships_)}};
        Array extracted;
        for (const std::string& ref : license_refs_) {
            // 10.2: the text is in the package; it was not looked for.
            extracted.emplace_back(Object{{"licenseId", ref}, {"extractedText", no_assertion}});
        }
        if (!extracted.empty()) {
            content.emplace_back("hasExtractedLicensingInfos", std::move(extracted));
        }
        const std::string uuid = uuid_of(json::to_canonical(content));
        content.insert(content.begin() + 4,
                       {"documentNamespace", "https://spdx.org/spdxdocs/envpack-" + uuid});
        return content;
    }

    const Inventory& inventory_;
    const SbomOptions& options_;
    Array packages_;
    Array relationships_;
    std::set<std::string> license_refs_;
};

}  // namespace

json::Value to_spdx(const Inventory& inventory, const SbomOptions& options) {
    return SpdxWriter(inventory, options).write();
}

}  // namespace envpack::env
