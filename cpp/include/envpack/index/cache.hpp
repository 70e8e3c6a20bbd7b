#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/clock.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace envpack::index {

/// A page as it was received or read, with what is needed to ask whether it still holds (RFC 9111).
struct CachedPage {
    std::string url;            ///< what was asked for; without userinfo
    std::string effective_url;  ///< who answered; without userinfo
    std::string content_type;
    std::string etag = {};           ///< "" when there is none
    std::string last_modified = {};  ///< "" when there is none
    UnixTime fresh_until = 0;        ///< until then nobody need be asked
    SharedText body;
};

/// Files, METADATA and pages that were fetched before, in one folder:
///
///     wheels-v1/<aa>/<sha256>/<filename>    verified against the name of its folder on every use
///     metadata-v2/<aa>/<sha256>             METADATA of the wheel with that digest
///     built-v2/<aa>/<key>                   which wheel was built from a source
///     pages-v3/<URL, percent-encoded>       see CachedPage
///     <kind>/<aa>/<key>                     what was worked out from what the key stands for
///
/// Entries appear whole or not at all; one that does not match its digest or sum is removed and
/// counts as absent, so that it is fetched again. Nothing is created before the first store; new
/// folders are 0700. Thread-safe, also between processes.
class Cache {
public:
    explicit Cache(std::filesystem::path root);
    const std::filesystem::path& root() const noexcept { return root_; }

    /// Where the file with that digest is, once it is there.
    std::filesystem::path file_path(const Digest& sha256, std::string_view filename) const;
    /// The entry, its bytes hashed now; nullopt when absent or damaged.
    Result<std::optional<std::filesystem::path>> find_file(const Digest& sha256,
                                                           std::string_view filename,
                                                           const RunContext& run) const;
    /// A file below the root that store_file() publishes; discarded with its handle.
    Result<AtomicFile> begin_file() const;
    /// Publishes what was written under the digest that the caller computed while writing.
    Result<std::filesystem::path> store_file(AtomicFile file, const Digest& sha256,
                                             std::string_view filename) const;

    std::optional<std::string> find_metadata(const Digest& wheel) const;
    Result<void> store_metadata(const Digest& wheel, std::string_view text) const;

    /// Digest and file name of the wheel that was built from a source; `key` stands for the source
    /// and the target.
    std::optional<std::pair<Digest, std::string>> find_built(const Digest& key) const;
    Result<void> store_built(const Digest& key, const Digest& wheel,
                             std::string_view filename) const;

    std::optional<CachedPage> find_page(std::string_view url) const;
    Result<void> store_page(const CachedPage& page) const;

    /// What store_record() kept under the key, which stands for everything that the text depends
    /// on. It also counts as absent when it is no regular file of this user that nobody else may
    /// write: who believes it reads nothing else. `kind` is the name of a folder: "layers-v1".
    std::optional<SharedText> find_record(std::string_view kind, const Digest& key) const;
    Result<void> store_record(std::string_view kind, const Digest& key,
                              std::string_view text) const;

private:
    Result<void> prepare(const std::filesystem::path& folder) const;
    std::filesystem::path root_;
};

}  // namespace envpack::index
