#include "layout_reader.hpp"

#include "blob_source.hpp"
#include "docker_manifest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"
#include "layout_index.hpp"
#include "target_errors.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

Error no_regular_file(const std::string& place) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("`{}` in an image layout is no regular file", place))
        .with_rule("oci.layout-file")
        .with_path(place);
}

}  // namespace

SafePath blob_path(const Digest& digest) {
    return SafePath() / "blobs" / "sha256" / digest.hex();
}

LayoutReader::LayoutReader(std::shared_ptr<const archive::FileTree> tree, LayoutPlace place,
                           const Limits& limits)
    : tree_(std::move(tree)), place_(std::move(place)), limits_(limits) {}

std::string LayoutReader::place_of(std::string_view name) const {
    return fmt::format("{}{}{}", place_.text, place_.text.ends_with('/') ? "" : "/", name);
}

Result<void> LayoutReader::check_version() const {
    Result<std::string> text = read_document(layout_file);
    if (!text && text.error().code() == ErrorCode::not_found) {
        ENVPACK_TRY(const auto docker, tree_->lookup(SafePath() / docker_manifest_file));
        return fail(
            Error(
                ErrorCode::not_found,
                fmt::format("`{}` is no image layout: there is no `oci-layout` in it", place_.text))
                .with_rule("oci.not-a-layout")
                .with_path(place_.text)
                .with_hint(docker ? fmt::format("name it docker-archive:{}", place_.text)
                                  : fmt::format("`skopeo copy IMAGE {}{}:TAG` writes one",
                                                place_.transport,
                                                place_.transport == "oci:" ? "DIR" : "FILE")));
    }
    ENVPACK_CHECK(text);
    ENVPACK_TRY(
        const json::Value document,
        with_context(json::parse(*text), fmt::format("while reading `{}`", place_of(layout_file))));
    ENVPACK_TRY(const std::string_view version, json::string_at(document, "imageLayoutVersion"));
    if (!version.starts_with("1.")) {
        return fail(
            Error(ErrorCode::unsupported, fmt::format("`{}` is an image layout of version `{}`",
                                                      place_.text, text::printable(version, 40)))
                .with_rule("oci.layout-version"));
    }
    return {};
}

Result<std::string> LayoutReader::read_document(std::string_view name) const {
    const SafePath path = SafePath() / name;
    ENVPACK_TRY(const auto info, tree_->lookup(path));
    if (info && info->type != archive::FileType::regular) {
        return fail(no_regular_file(place_of(name)));
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, tree_->open(path));
    return with_context(read_all(*source, limits_.max_manifest),
                        fmt::format("while reading `{}`", place_of(name)));
}

Result<std::string> LayoutReader::read_index() const {
    Result<std::string> raw = read_document(index_file);
    if (!raw && raw.error().code() == ErrorCode::not_found) {
        return empty_layout_index();  // new, or a writer died before its first tag
    }
    return raw;
}

Result<bool> LayoutReader::exists(const Descriptor& descriptor, const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    ENVPACK_TRY(const auto info, tree_->lookup(blob_path(descriptor.digest)));
    return info && info->type == archive::FileType::regular && info->size == descriptor.size;
}

Result<std::unique_ptr<ByteSource>> LayoutReader::fetch(const Descriptor& descriptor,
                                                        const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const SafePath path = blob_path(descriptor.digest);
    const std::string place = place_of(path.str());
    ENVPACK_TRY(const auto info, tree_->lookup(path));
    if (!info) {
        return fail(blob_not_found(descriptor, place));
    }
    if (info->type != archive::FileType::regular) {
        return fail(no_regular_file(place));
    }
    ENVPACK_TRY(std::unique_ptr<ByteSource> source, tree_->open(path));
    return verified_blob(std::move(source), descriptor, place);
}

Result<std::vector<Descriptor>> LayoutReader::find(std::string_view name,
                                                   const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    ENVPACK_TRY(const std::string raw, read_index());
    return with_context(find_in_layout_index(raw, name),
                        fmt::format("while reading `{}`", place_of(index_file)));
}

Result<std::vector<std::string>> LayoutReader::tags(const RunContext& run) const {
    ENVPACK_TRY(const std::vector<Descriptor> entries, find("", run));
    return ref_names_of(entries);
}

std::string LayoutReader::description() const {
    return fmt::format("{}{}", place_.transport, place_.text);
}

}  // namespace envpack::oci
