#include "envpack/archive/layer_listing.hpp"

#include "envpack/archive/tar_reader.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::string_view whiteout_prefix = ".wh.";
constexpr std::string_view aufs_prefix = ".wh..wh.";
constexpr std::string_view opaque_name = ".wh..wh..opq";

/// The path that a container sees; nullopt when no SafePath can hold its bytes. What leaves the
/// root is refused, whatever its bytes.
Result<std::optional<SafePath>> path_in_layer(std::string_view raw, const Limits& limits) {
    Result<SafePath> path = SafePath::normalize(raw, limits);
    if (path) {
        return *std::move(path);
    }
    // The same path with its odd bytes replaced tells whether only those were the trouble.
    std::string plain(raw);
    std::replace_if(
        plain.begin(), plain.end(),
        [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte < 0x20 || byte >= 0x7f;
        },
        '_');
    if (SafePath::normalize(plain, limits)) {
        return std::nullopt;
    }
    return fail(std::move(path).error());
}

}  // namespace

/// Appends members to a listing. One thread.
class LayerListingBuilder {
public:
    LayerListingBuilder(const CaptureFilter& capture, FileDigests digests, const Limits& limits)
        : capture_(capture), digests_(digests), limits_(limits) {}

    Result<void> add(const TarEntry& entry, std::uint64_t member, TarReader& tar) {
        ENVPACK_TRY(const std::optional<SafePath> path, path_in_layer(entry.path, limits_));
        if (!path) {
            ++listing_.skipped_;
            return {};
        }
        const std::string_view first =
            std::string_view(path->str()).substr(0, path->str().find('/'));
        if (first.starts_with(aufs_prefix) && path->str() != opaque_name) {
            return {};
        }
        // A whiteout is a name, whatever lies behind it; as a folder it would be none.
        if (path->parent().str().starts_with(whiteout_prefix) ||
            path->parent().str().find("/.wh.") != std::string::npos) {
            return bad_whiteout(*path);
        }
        if (path->name().starts_with(whiteout_prefix)) {
            return add_whiteout(*path, member);
        }
        return add_file(*path, entry, member, tar);
    }

    LayerListing take(std::uint64_t tar_size) && {
        listing_.tar_size_ = tar_size;
        listing_.records_.shrink_to_fit();
        return std::move(listing_);
    }

private:
    using Kind = LayerListing::Kind;

    static tl::unexpected<Error> bad_whiteout(const SafePath& path) {
        return refuse("layer.whiteout-name", fmt::format("`{}` is no valid whiteout", path.str()));
    }

    Result<void> add_whiteout(const SafePath& path, std::uint64_t member) {
        const SafePath folder = path.parent();
        if (path.name() == opaque_name) {
            append(Kind::opaque, folder.str(), {}, FileInfo{}, member);
            return {};
        }
        if (path.name().starts_with(aufs_prefix)) {
            return {};
        }
        const std::string_view hidden = path.name().substr(whiteout_prefix.size());
        if (hidden.empty() || hidden == "." || hidden == "..") {
            return bad_whiteout(path);
        }
        append(Kind::whiteout, (folder / hidden).str(), {}, FileInfo{}, member);
        return {};
    }

    Result<void> add_file(const SafePath& path, const TarEntry& entry, std::uint64_t member,
                          TarReader& tar) {
        const FileInfo info{.type = entry.type,
                            .size = entry.size,
                            .mode = entry.mode,
                            .uid = entry.uid,
                            .gid = entry.gid,
                            .mtime = entry.mtime,
                            .link_target = entry.link_target};
        if (entry.link_target.size() > limits_.max_path ||
            entry.link_target.size() > std::numeric_limits<std::uint16_t>::max()) {
            return refuse("tar.name", fmt::format("link `{}` has a target of {} bytes", path.str(),
                                                  entry.link_target.size()));
        }
        if (entry.hard_link) {
            ENVPACK_TRY(const std::optional<SafePath> target,
                        path_in_layer(entry.link_target, limits_));
            if (!target) {
                ++listing_.skipped_;
                return {};
            }
            append(Kind::hard_link, path.str(), target->str(), info, member);
            return {};
        }
        append(Kind::file, path.str(), info.link_target, info, member);
        if (entry.type != FileType::regular) {
            return {};
        }
        const bool captured =
            capture_ && entry.size <= LayerListing::max_captured_file && capture_(path, info);
        if (captured) {
            ENVPACK_CHECK(capture_content(tar, entry.size));
        }
        return digests_ == FileDigests::none ? Result<void>() : add_digest(tar, captured);
    }

    /// The digest of the member at hand, of which nothing was read, or all when it was captured.
    Result<void> add_digest(TarReader& tar, bool captured) {
        if (captured) {
            listing_.digests_.push_back(Digest::of(as_bytes(*listing_.captured_.back())));
        } else {
            Sha256 hash;
            for (;;) {
                ENVPACK_TRY(const std::size_t got, tar.read(buffer_));
                if (got == 0) {
                    break;
                }
                hash.update(std::span(buffer_).first(got));
            }
            listing_.digests_.push_back(std::move(hash).finish());
        }
        listing_.records_.back().digest = static_cast<std::uint32_t>(listing_.digests_.size());
        return {};
    }

    Result<void> capture_content(TarReader& tar, std::uint64_t size) {
        std::string text;
        // Grown by what arrives: a size in a header is only a claim (reliability.md O5).
        while (text.size() < size) {
            const std::size_t old = text.size();
            const std::size_t step = std::min<std::size_t>(static_cast<std::size_t>(size) - old,
                                                           std::max<std::size_t>(old, 64u << 10));
            text.resize(old + step);
            ENVPACK_TRY(const std::size_t got,
                        tar.read(std::as_writable_bytes(std::span(text).subspan(old))));
            text.resize(old + got);
        }
        listing_.captured_.push_back(std::make_shared<const std::string>(std::move(text)));
        listing_.records_.back().captured = static_cast<std::uint32_t>(listing_.captured_.size());
        return {};
    }

    void append(Kind kind, std::string_view path, std::string_view link, const FileInfo& info,
                std::uint64_t member) {
        constexpr auto max_id = std::uint64_t{std::numeric_limits<std::uint32_t>::max()};
        listing_.records_.push_back(
            {.path_offset = listing_.text_.size(),
             .size = info.size,
             .member = member,
             .mtime = info.mtime,
             // Linux ids have 32 bits; larger ones cannot be given to a file anyway.
             .uid = static_cast<std::uint32_t>(std::min(info.uid, max_id)),
             .gid = static_cast<std::uint32_t>(std::min(info.gid, max_id)),
             .captured = 0,
             .digest = 0,
             .path_length = static_cast<std::uint16_t>(path.size()),
             .link_length = static_cast<std::uint16_t>(link.size()),
             .mode = static_cast<std::uint16_t>(info.mode),
             .kind = kind,
             .type = info.type});
        listing_.text_ += path;
        listing_.text_ += link;
    }

    const CaptureFilter& capture_;
    const FileDigests digests_;
    const Limits& limits_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{256} << 10);
    LayerListing listing_;
};

LayerListing::Entry LayerListing::entry(std::size_t index) const {
    const Record& record = records_[index];
    const std::string_view text = text_;
    return {.kind = record.kind,
            .type = record.type,
            .path = text.substr(record.path_offset, record.path_length),
            .link_target = text.substr(record.path_offset + record.path_length, record.link_length),
            .size = record.size,
            .mode = record.mode,
            .uid = record.uid,
            .gid = record.gid,
            .mtime = record.mtime,
            .captured = record.captured == 0 ? nullptr : captured_[record.captured - 1].get(),
            .sha256 = record.digest == 0 ? nullptr : &digests_[record.digest - 1],
            .member = record.member};
}

Result<LayerListing> list_layer(std::unique_ptr<ByteSource> compressed_or_plain,
                                const CaptureFilter& capture, FileDigests digests,
                                const Limits& limits, const RunContext& run) {
    Limits bounded = limits;
    // Record keeps lengths in 16 bits.
    bounded.max_path = std::min<std::size_t>(limits.max_path, 0xffff);
    ENVPACK_TRY(TarReader tar, TarReader::open(std::move(compressed_or_plain), bounded));
    LayerListingBuilder builder(capture, digests, bounded);
    for (std::uint64_t member = 0;; ++member) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(const TarEntry* const entry, tar.next());
        if (entry == nullptr) {
            break;
        }
        ENVPACK_CHECK(builder.add(*entry, member, tar));
    }
    return std::move(builder).take(tar.position());
}

Result<LayerListing> list_layer(std::unique_ptr<ByteSource> compressed_or_plain,
                                const CaptureFilter& capture, const Limits& limits,
                                const RunContext& run) {
    return list_layer(std::move(compressed_or_plain), capture, FileDigests::none, limits, run);
}

}  // namespace envpack::archive
