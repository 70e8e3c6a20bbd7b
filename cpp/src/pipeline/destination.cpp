#include "destination.hpp"

#include "envpack/base/unnamed_file.hpp"
#include "envpack/oci/archive_target.hpp"
#include "envpack/oci/image_folder.hpp"
#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/push_image.hpp"
#include "envpack/oci/reference.hpp"
#include "envpack/oci/target.hpp"

#include <memory>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr std::string_view destinations =
    "write oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME] or dir:DIR";

/// Found out now, and not when the layers have been made.
Result<void> require_no_folder(const Source& destination) {
    std::error_code ignored;
    if (std::filesystem::is_directory(destination.path, ignored)) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("`{}` is a folder", destination.path.string()))
                        .with_path(destination.path.string())
                        .with_hint("name the file to write, or a layout: oci:DIR[:TAG]"));
    }
    return {};
}

Result<std::shared_ptr<oci::Target>> open_target(const Source& destination,
                                                 const UserConfig& user) {
    if (destination.kind == Source::Kind::oci_layout) {
        return oci::LayoutTarget::open_or_create(destination.path);
    }
    const bool for_docker = destination.kind == Source::Kind::docker_archive;
    return oci::ArchiveTarget::create(destination.path,
                                      for_docker ? oci::ArchiveForm::docker : oci::ArchiveForm::oci,
                                      scratch_of(destination, user));
}

}  // namespace

Result<Source> parse_destination(const std::string& text) {
    Result<Source> parsed = Source::parse(text);
    if (parsed && parsed->kind == Source::Kind::root_file_system) {
        ENVPACK_CHECK(oci::check_image_folder(parsed->path));
        return parsed;
    }
    if (!parsed || !parsed->is_image()) {
        return fail(Error(ErrorCode::unsupported, fmt::format("cannot write to `{}`", text))
                        .with_hint(fmt::format("{}, then copy it on with skopeo", destinations)));
    }
    Source destination = *std::move(parsed);
    if (destination.kind != Source::Kind::oci_layout) {
        ENVPACK_CHECK(require_no_folder(destination));
    }
    if (destination.tag.empty()) {
        destination.tag = "latest";
    } else if (destination.kind == Source::Kind::docker_archive) {
        ENVPACK_TRY(const oci::Reference reference, oci::Reference::parse(destination.tag));
        if (reference.digest()) {
            return fail(
                Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` names an image by its digest, which it does not have yet",
                                  destination.tag))
                    .with_rule("oci.reference"));
        }
        destination.tag = reference.to_full_string();
    }
    ENVPACK_CHECK(oci::require_ref_name(destination.tag));  // now, and not when all was built
    return destination;
}

std::shared_ptr<const oci::Fetcher> blobs_of(const Source& destination) {
    if (destination.kind != Source::Kind::oci_layout) {
        return nullptr;  // written anew each time
    }
    Result<std::shared_ptr<oci::LayoutTarget>> layout = oci::LayoutTarget::open(destination.path);
    return layout ? *std::move(layout) : nullptr;
}

std::filesystem::path scratch_of(const Source& destination, const UserConfig& user) {
    const bool keeps_files = destination.kind == Source::Kind::oci_layout ||
                             destination.kind == Source::Kind::root_file_system;
    if (const auto absolute = absolute_path(destination.path); keeps_files && absolute) {
        // The folder may be a file system of its own; one that is to be made is of its parent's.
        std::filesystem::path folder = *absolute / "blobs";
        std::error_code ignored;
        while (!std::filesystem::is_directory(folder, ignored) && folder.has_relative_path()) {
            folder = folder.parent_path();
        }
        if (UnnamedFile::can_be_published_from(folder)) {
            return folder;
        }
    }
    return user.cache_directory() / "scratch";
}

Result<oci::Descriptor> write_image(const oci::Image& image, const Source& destination,
                                    const UserConfig& user, const RunContext& run) {
    if (destination.kind == Source::Kind::root_file_system) {
        return oci::write_image_folder(image, destination.path, run);
    }
    ENVPACK_TRY(const std::shared_ptr<oci::Target> place, open_target(destination, user));
    return oci::push_image(image, *place, destination.tag, run);
}

}  // namespace envpack::pipeline
