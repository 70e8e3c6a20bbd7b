#include "blob_source.hpp"
#include "docker_manifest.hpp"
#include "envpack/archive/tar_tree.hpp"
#include "envpack/oci/image_archive.hpp"
#include "envpack/oci/media_type.hpp"
#include "envpack/oci/reference.hpp"
#include "layout_reader.hpp"
#include "shared_text_source.hpp"
#include "target_errors.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

/// `debian` and `docker.io/library/debian:latest` are one name; what is no reference stays itself.
std::string spelled_out(std::string_view name) {
    const Result<Reference> reference = Reference::parse(name);
    if (!reference) {
        return std::string(name);
    }
    return reference->to_full_string();
}

class DockerArchive final : public Fetcher {
public:
    DockerArchive(std::shared_ptr<const archive::FileTree> tree, std::string file,
                  std::vector<DockerImage> images)
        : tree_(std::move(tree)), file_(std::move(file)), images_(std::move(images)) {
        for (const DockerImage& image : images_) {
            manifests_.emplace(image.manifest.digest,
                               std::make_shared<const std::string>(image.raw_manifest));
            members_.insert(image.members.begin(), image.members.end());
        }
    }

    Result<bool> exists(const Descriptor& descriptor, const RunContext& run) const override {
        ENVPACK_CHECK(run.check());
        if (const auto own = manifests_.find(descriptor.digest); own != manifests_.end()) {
            return own->second->size() == descriptor.size;
        }
        const auto member = members_.find(descriptor.digest);
        if (member == members_.end()) {
            return false;
        }
        ENVPACK_TRY(const auto info, tree_->lookup(member->second));
        return info && info->size == descriptor.size;
    }

    Result<std::unique_ptr<ByteSource>> fetch(const Descriptor& descriptor,
                                              const RunContext& run) const override {
        ENVPACK_CHECK(run.check());
        if (const auto own = manifests_.find(descriptor.digest); own != manifests_.end()) {
            return verified_blob(std::make_unique<SharedTextSource>(own->second), descriptor,
                                 file_);
        }
        const auto member = members_.find(descriptor.digest);
        if (member == members_.end()) {
            return fail(blob_not_found(descriptor, file_));
        }
        ENVPACK_TRY(std::unique_ptr<ByteSource> source, tree_->open(member->second));
        return verified_blob(std::move(source), descriptor,
                             fmt::format("{}/{}", file_, member->second.str()));
    }

    Result<std::vector<Descriptor>> find(std::string_view name,
                                         const RunContext& run) const override {
        ENVPACK_CHECK(run.check());
        const std::string wanted = spelled_out(name);
        std::vector<Descriptor> found;
        for (std::size_t i = 0; i < images_.size(); ++i) {
            const DockerImage& image = images_[i];
            const auto has = [&](const std::string& tag) {
                return tag == name || spelled_out(tag) == wanted;
            };
            if (name.empty() || name == place(i) || name == image.manifest.digest.to_string() ||
                std::ranges::any_of(image.names, has)) {
                found.push_back(image.manifest);
            }
        }
        return found;
    }

    Result<std::vector<std::string>> tags(const RunContext& run) const override {
        ENVPACK_CHECK(run.check());
        std::vector<std::string> names;
        for (std::size_t i = 0; i < images_.size(); ++i) {
            const std::vector<std::string>& tags = images_[i].names;
            names.insert(names.end(), tags.begin(), tags.end());
            if (tags.empty()) {
                names.push_back(place(i));
            }
        }
        std::ranges::sort(names);
        names.erase(std::ranges::unique(names).begin(), names.end());
        return names;
    }

    std::string description() const override { return "docker-archive:" + file_; }

private:
    static std::string place(std::size_t index) { return fmt::format("@{}", index); }

    std::shared_ptr<const archive::FileTree> tree_;
    std::string file_;
    std::vector<DockerImage> images_;
    std::map<Digest, std::shared_ptr<const std::string>> manifests_;
    std::map<Digest, SafePath> members_;
};

Error not_an_archive(const std::string& file, bool is_layout) {
    return Error(ErrorCode::not_found,
                 fmt::format("`{}` is no archive of docker save: there is no `manifest.json` in it",
                             file))
        .with_rule("oci.not-an-archive")
        .with_path(file)
        .with_hint(is_layout
                       ? fmt::format("name it oci-archive:{}", file)
                       : "`docker save` and `skopeo copy IMAGE docker-archive:FILE` write one");
}

}  // namespace

Result<std::shared_ptr<const Fetcher>> open_docker_archive(const std::filesystem::path& file,
                                                           const std::filesystem::path& scratch,
                                                           const Limits& limits,
                                                           const RunContext& run) {
    ENVPACK_TRY(std::shared_ptr<const archive::TarTree> tree,
                archive::TarTree::open(file, scratch, limits, run));
    ENVPACK_TRY(const auto manifest, tree->lookup(SafePath() / docker_manifest_file));
    if (!manifest) {
        ENVPACK_TRY(const auto layout, tree->lookup(SafePath() / layout_file));
        return fail(not_an_archive(file.string(), layout.has_value()));
    }
    ENVPACK_TRY(std::vector<DockerImage> images,
                with_context(read_docker_images(*tree, limits, run),
                             fmt::format("while reading `{}`", file.string())));
    return std::make_shared<const DockerArchive>(std::move(tree), file.string(), std::move(images));
}

}  // namespace envpack::oci
