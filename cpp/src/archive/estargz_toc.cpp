#include "estargz_toc.hpp"

#include "envpack/archive/estargz.hpp"
#include "envpack/base/assert.hpp"
#include "envpack/base/clock.hpp"
#include "envpack/base/json.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

std::string_view toc_type(FileType type) {
    switch (type) {
        case FileType::regular:
            return "reg";
        case FileType::directory:
            return "dir";
        case FileType::symlink:
            return "symlink";
        case FileType::other:
            break;
    }
    ENVPACK_ASSERT(false);
}

json::Value toc_entry(const TarHeader& header) {
    const bool is_directory = header.type == FileType::directory;
    json::Value entry;
    entry.set("name", header.path.str() + (is_directory ? "/" : ""));
    entry.set("type", toc_type(header.type));
    if (header.size > 0) {
        entry.set("size", header.size);
    }
    if (!header.link_target.empty()) {
        entry.set("linkName", header.link_target);
    }
    entry.set("mode", std::uint64_t{header.mode});
    entry.set("uid", header.uid);
    entry.set("gid", header.gid);
    entry.set("modtime", format_rfc3339(header.mtime));
    return entry;
}

void append(std::string& text, const json::Value& entry) {
    text += text.ends_with('[') ? "" : ",";
    text += json::to_canonical(entry);
}

}  // namespace

Result<void> check_estargz_names(std::span<const PlannedEntry> entries) {
    for (const PlannedEntry& entry : entries) {
        for (const std::string_view name :
             {estargz_toc_name, estargz_landmark_name, estargz_prefetch_name}) {
            if (entry.path.str() == name) {
                return refuse("layer.estargz-name",
                              fmt::format("`/{}` would be read as a part of eStargz", name),
                              ErrorCode::invalid_argument);
            }
        }
    }
    return {};
}

std::vector<PlannedEntry> with_estargz_landmark(std::span<const PlannedEntry> entries) {
    std::vector<PlannedEntry> all;
    all.reserve(entries.size() + 1);
    all.push_back({.path = SafePath() / estargz_landmark_name,
                   .content = Content::of_text(std::string(estargz_landmark_content))});
    all.insert(all.end(), entries.begin(), entries.end());
    return all;
}

void EstargzToc::add(const TarHeader& header) {
    entries_.push_back({.header = header});
}

void EstargzToc::begin_content(std::uint64_t member, const std::optional<Digest>& sha256,
                               std::size_t chunk) {
    Entry& entry = entries_.back();
    entry.member = member;
    if (chunk < entry.header.size) {
        entry.chunk = chunk;
    }
    if (sha256) {
        entry.sha256 = *sha256;
    } else {
        file_.emplace();
    }
}

void EstargzToc::content(std::span<const std::byte> data) {
    if (file_) {
        file_->update(data);
    }
    const std::size_t chunk = entries_.back().chunk;
    while (chunk > 0 && !data.empty()) {
        if (!open_chunk_) {
            open_chunk_.emplace();
        }
        const auto now = data.first(std::min<std::size_t>(data.size(), chunk - in_chunk_));
        open_chunk_->update(now);
        in_chunk_ += now.size();
        data = data.subspan(now.size());
        if (in_chunk_ == chunk) {
            end_chunk();
        }
    }
}

void EstargzToc::end_chunk() {
    entries_.back().chunks.push_back(std::move(*open_chunk_).finish());
    open_chunk_.reset();
    in_chunk_ = 0;
}

void EstargzToc::end_content() {
    if (open_chunk_) {
        end_chunk();
    }
    if (file_) {
        entries_.back().sha256 = std::move(*file_).finish();
        file_.reset();
    }
}

std::string EstargzToc::text(const GzipMemberEncoder& encoder) const {
    std::string text = R"({"entries":[)";
    for (const Entry& entry : entries_) {
        json::Value first = toc_entry(entry.header);
        if (entry.header.type == FileType::regular) {
            first.set("digest", entry.sha256.to_string());
        }
        if (entry.header.size > 0) {
            first.set("offset", encoder.offset_of(entry.member));
            first.set("chunkDigest",
                      (entry.chunks.empty() ? entry.sha256 : entry.chunks.front()).to_string());
        }
        if (!entry.chunks.empty()) {
            first.set("chunkSize", std::uint64_t{entry.chunk});
        }
        append(text, first);
        for (std::size_t i = 1; i < entry.chunks.size(); ++i) {
            json::Value chunk;
            chunk.set("name", entry.header.path.str());
            chunk.set("type", "chunk");
            chunk.set("offset", encoder.offset_of(entry.member + i));
            chunk.set("chunkOffset", std::uint64_t{entry.chunk} * i);
            if (i + 1 < entry.chunks.size()) {  // none: to the end of the file
                chunk.set("chunkSize", std::uint64_t{entry.chunk});
            }
            chunk.set("chunkDigest", entry.chunks[i].to_string());
            append(text, chunk);
        }
    }
    return text + R"(],"version":1})";
}

std::string estargz_footer(std::uint64_t toc_offset) {
    // RFC 1952 with FEXTRA (flag 4), subfield SG; then one empty stored block, its CRC and length.
    using namespace std::string_view_literals;
    return fmt::format("{}{:016x}STARGZ{}", "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0"sv,
                       toc_offset, "\x01\0\0\xff\xff\0\0\0\0\0\0\0\0"sv);
}

}  // namespace envpack::archive
