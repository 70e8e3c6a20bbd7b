#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/oci/target.hpp"

#include <filesystem>
#include <memory>

// Images in one tar file, plain or compressed with gzip or zstd. Blobs are read where they lie in
// the file; a compressed file is first unpacked into a nameless file below `scratch`. Rules beside
// those of archive::TarTree: oci.not-an-archive, oci.archive-member (a file that the archive's
// manifest names and that is not there, or no file). Source of both names and forms:
// containers-transports(5).

namespace envpack::oci {

/// An image layout in a tar file (`oci-archive:`): `skopeo copy … oci-archive:FILE:TAG`,
/// `podman save --format oci-archive`. Refuses what LayoutTarget refuses. Thread-safe.
Result<std::shared_ptr<const Fetcher>> open_oci_archive(const std::filesystem::path& file,
                                                        const std::filesystem::path& scratch,
                                                        const Limits& limits = {},
                                                        const RunContext& run = {});

/// What `docker save` and `skopeo copy … docker-archive:FILE` write (`docker-archive:`): a
/// `manifest.json` that names configs and layers, as `<id>/layer.tar`, links among them included,
/// or as `blobs/sha256/<hex>`. Source: moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem
/// Changeset Format".
///
/// Such an archive has no manifest with a digest. One of the OCI family is made up from config and
/// layers: the same image has the same digest in every archive, and another one than in a registry.
/// An image is found by one of its RepoTags in any spelling (`debian`,
/// `docker.io/library/debian:latest`) or by its place, `@0`; tags() gives the place of those
/// without. Thread-safe.
Result<std::shared_ptr<const Fetcher>> open_docker_archive(const std::filesystem::path& file,
                                                           const std::filesystem::path& scratch,
                                                           const Limits& limits = {},
                                                           const RunContext& run = {});

}  // namespace envpack::oci
