#pragma once

#include <string_view>

namespace envpack::archive {

// eStargz: a tar.gz that a snapshotter can mount before all of it is here. Files begin gzip members
// of their own, a table of contents (TOC) as last member of the tar tells where, and a footer of 51
// bytes where the TOC is. Whoever does not know it reads a layer with two more files at its root.
// Source: containerd/stargz-snapshotter, docs/estargz.md.

/// Names what LayerWriteOptions::estargz makes of a layer; goes up with each change of its bytes.
inline constexpr int estargz_version = 1;

/// The TOC: JSON, at the root of the tar.
inline constexpr std::string_view estargz_toc_name = "stargz.index.json";
/// «Nothing of this layer is worth fetching ahead»: one byte, the first member of the tar.
inline constexpr std::string_view estargz_landmark_name = ".no.prefetch.landmark";
inline constexpr std::string_view estargz_landmark_content = "\x0f";
/// Its counterpart in layers of others.
inline constexpr std::string_view estargz_prefetch_name = ".prefetch.landmark";

/// Annotations of the layer's descriptor: the digest of the TOC, and the size of the tar, which
/// containers/storage wants.
inline constexpr std::string_view estargz_toc_annotation =
    "containerd.io/snapshot/stargz/toc.digest";
inline constexpr std::string_view estargz_size_annotation =
    "io.containers.estargz.uncompressed-size";

}  // namespace envpack::archive
