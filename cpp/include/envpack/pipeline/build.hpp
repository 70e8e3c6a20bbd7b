#pragma once

#include "envpack/archive/compression.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/startup_hook.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/pipeline/user_indexes.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// Where a build puts an environment, and whose it is.
enum class BuildLayout : std::uint8_t {
    venv,    ///< a virtual environment of its own, of root: `/opt/venv`
    system,  ///< into the base's Python, where `pip install` of root puts packages
    /// As the UBI images of Python have it (sclorg/s2i-python-container): a virtual environment in
    /// `/opt/app-root`, content in `/opt/app-root/src`, all of it of uid 1001 and gid 0 with the
    /// group's bits as the owner's, so that OpenShift's random uids, which have gid 0, may write.
    app_root,
};

/// As the command spells it: "app-root".
std::string_view to_string(BuildLayout layout) noexcept;
/// invalid_argument for another name.
Result<BuildLayout> build_layout_named(std::string_view name);

/// A file or folder of this machine that an image is to have. Value; not synchronised.
struct AddedPath {
    std::filesystem::path source = {};
    /// In the image; absolute, or counted from its working folder. The content of a folder goes
    /// into the folder of this name. A file gets this name, or its own below it where it ends in
    /// `/` or is a folder already.
    std::string destination = {};

    /// `SRC:DST`; the last colon counts.
    static Result<AddedPath> parse(std::string_view text);
};

struct BuildOptions {
    /// A pylock.toml or a virtual environment; empty where only `add` is wanted: then the base
    /// needs no Python.
    std::filesystem::path input = {};
    /// oci:DIR[:TAG] or oci-archive:FILE[:TAG], the tag is `latest` if left out; or
    /// docker-archive:FILE[:NAME]; or dir:DIR, skopeo's image folder. A file or image folder that
    /// is there already is replaced.
    std::string output = {};
    /// A Source that is an image. None: the base that the lock was resolved for.
    std::optional<std::string> base = std::nullopt;
    BuildLayout layout = BuildLayout::venv;
    /// Of the environment in the image; empty: that of the layout. `system` takes none.
    std::string prefix = {};
    std::vector<AddedPath> add = {};  ///< on top of the packages, as a layer of their own
    /// Copy the shared libraries that programs and libraries of `add` need, and that neither the
    /// image nor `add` has, from this machine.
    bool with_libs = false;
    std::map<std::string, std::string> env = {};  ///< variables to set
    std::map<std::string, std::string> labels = {};
    std::map<std::string, std::string> annotations = {};  ///< of the manifest
    std::vector<std::string> ports = {};                  ///< "8080", "53/udp"
    std::vector<std::string> volumes = {};                ///< absolute paths
    /// Of the layers that are added. Every engine reads gzip; zstd is smaller and faster, and
    /// unknown to Docker before 23, umoci 0.4.
    archive::Compression compression = archive::Compression::gzip;
    /// Layers that a snapshotter for eStargz (containerd/stargz-snapshotter) can mount before they
    /// are fetched; gzip only. Each has two more files: see docs/reference/command-line.md.
    bool estargz = false;
    std::optional<std::string> user = std::nullopt;
    std::optional<std::string> working_dir = std::nullopt;
    std::optional<std::vector<std::string>> entrypoint = std::nullopt;
    std::optional<std::vector<std::string>> cmd = std::nullopt;
    /// Write one constraints file of the final image, and name it by PIP_CONSTRAINT and
    /// UV_CONSTRAINT, so that what pip and uv install there later cannot break it.
    bool constraints = true;
    /// Of a virtual environment: leave out the packages that the base has, in the same version and
    /// from the same source, but for installers; the environment then sees those of the base.
    bool dedupe = true;
    /// Of a virtual environment: false leaves out folders called `tests` of packages.
    bool tests = true;
    /// Make every layer anew, whatever earlier builds left in the cache and the output.
    bool no_cache = false;
    bool no_build = false;  ///< packages of the lock without a wheel are an error
    /// Bills of materials of the image to write beside it, in the format that each name tells:
    /// `*.cdx.json` CycloneDX 1.6, `*.spdx.json` SPDX 2.3.
    std::vector<std::filesystem::path> sbom = {};
    /// How the image was built, as an in-toto statement with SLSA's provenance, to write beside it.
    std::optional<std::filesystem::path> provenance = std::nullopt;
    IndexOptions indexes = {};
};

/// A shared library that was copied from this machine.
struct CopiedLibrary {
    std::string path;            ///< in the image: "/usr/lib/x86_64-linux-gnu/libx.so.1"
    std::string needed_by = {};  ///< path in the image of the first file that needs it
    std::filesystem::path source = {};
};

/// One layer that was put on the base.
struct BuiltLayer {
    std::string title;       ///< "numpy 2.1.0"; "12 packages"
    Digest digest;           ///< of the blob
    Digest diff_id;          ///< of the tar
    std::uint64_t size = 0;  ///< of the blob, bytes
};

/// What a build made. Value; not synchronised.
struct BuildReport {
    std::string output;  ///< as it was given
    Digest digest;       ///< of the manifest: the image's identity
    Digest base_digest;
    std::vector<BuiltLayer> layers = {};
    std::vector<CopiedLibrary> libraries = {};    ///< of BuildOptions::with_libs, by path
    std::vector<StartupHook> startup_hooks = {};  ///< of the packages that are added, by path
    std::vector<std::string> notes = {};          ///< what a person should know

    json::Value to_json() const;
    std::string to_text() const;
};

/// Puts an environment onto a base image: wheels of a lock are fetched, verified and turned into
/// layers in memory; a virtual environment is taken apart by distribution. Nothing is unpacked on
/// this machine and none of the packages' code runs. The same input, base and SOURCE_DATE_EPOCH
/// give the same digest. A layer that an earlier build made of the same wheels, and wrote to the
/// same layout, is taken from there: no wheel of it is opened or fetched. `output` appears whole or
/// not at all. Nothing of the base is replaced: neither its files and links, nor the mode and owner
/// of its folders.
///
/// Of `add`, as COPY of a Dockerfile: permission bits stay, links stay links; set-id bits, byte
/// code that can be made again and the folders of version control are left out. Of `with_libs`, see
/// docs/reference/command-line.md; invalid_argument with rule `build.libc` or
/// `build.symbol-version` where the C library of the base does not do, `build.missing-library`
/// where a library is nowhere.
Result<BuildReport> build(const BuildOptions& options, const UserConfig& user = user_config(),
                          const RunContext& run = {});

}  // namespace envpack::pipeline
