#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/unnamed_file.hpp"
#include "envpack/oci/descriptor.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::oci {

/// The reading half of a content-addressed place for images: a layout folder, memory, a registry
/// repository. Thread-safe.
class Fetcher {
public:
    virtual ~Fetcher() = default;
    /// Whether the content is there with the right size. Its bytes are not read.
    virtual Result<bool> exists(const Descriptor& descriptor, const RunContext& run) const = 0;
    /// The content, verified while it streams: a stream that does not have exactly the bytes of
    /// `descriptor` ends with digest_mismatch. not_found when it is missing. The stream may
    /// outlive the fetcher.
    virtual Result<std::unique_ptr<ByteSource>> fetch(const Descriptor& descriptor,
                                                      const RunContext& run) const = 0;
    /// What `name` stands for: a tag, or a digest of something that is listed. Several where
    /// images for different platforms share the name; none where nobody has it. The empty name
    /// gives all that is listed.
    virtual Result<std::vector<Descriptor>> find(std::string_view name,
                                                 const RunContext& run) const = 0;
    /// The names that find() knows, sorted.
    virtual Result<std::vector<std::string>> tags(const RunContext& run) const = 0;
    /// For messages: `oci:DIR`, `memory`.
    virtual std::string description() const = 0;
};

/// A place that images can be written to. Each call is atomic: it is done as a whole or leaves
/// nothing that can be seen. Thread-safe.
class Target : public Fetcher {
public:
    /// Stores what `content` gives. digest_mismatch, and nothing stored, unless it is exactly
    /// `expected`. Content that is already there is fine: `content` is then not read.
    virtual Result<void> push(const Descriptor& expected, ByteSource& content,
                              const RunContext& run) = 0;
    /// push() of a file of this process alone, without reading or copying it: the caller vouches
    /// that it is `expected`. false, and nothing stored, where that cannot be done.
    virtual Result<bool> adopt(const Descriptor& expected, const UnnamedFile& content,
                               const RunContext& run);
    /// Gives `name` to stored content; another descriptor that had the name loses it. not_found
    /// when the content is missing; invalid_argument (rule `oci.tag`) for a name that cannot be.
    virtual Result<void> tag(const Descriptor& descriptor, std::string_view name,
                             const RunContext& run) = 0;
};

/// Whether `name` may stand in org.opencontainers.image.ref.name: image-spec annotations.md, "ref".
bool is_ref_name(std::string_view name) noexcept;
/// invalid_argument (rule `oci.tag`) when it may not: what Target::tag would say.
Result<void> require_ref_name(std::string_view name);

/// A small document, whole. limit_exceeded (rule `oci.document-size`) beyond `max_size` bytes,
/// before anything is fetched; other failures as Fetcher::fetch.
Result<std::string> fetch_document(const Fetcher& from, const Descriptor& descriptor,
                                   std::size_t max_size, const RunContext& run = {});

}  // namespace envpack::oci
