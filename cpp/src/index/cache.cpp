#include "envpack/index/cache.hpp"

#include "envpack/base/limits.hpp"
#include "envpack/base/text.hpp"

#include <charconv>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <libdeflate.h>

namespace envpack::index {

namespace {

namespace fs = std::filesystem;

// Whoever reads an entry checks it, so nothing has to wait for the disk.
constexpr Durability entries = Durability::checked;

/// A list of all files of a large image, with room to spare.
constexpr std::size_t max_record = std::size_t{256} << 20;

fs::path entry_path(const fs::path& folder, const Digest& key) {
    const std::string hex = key.hex();
    return folder / hex.substr(0, 2) / hex;
}

/// What guards an entry is the care of its reader: the sum only tells that a disk or a crash
/// damaged it, and much faster than a digest would.
std::string sum_of(std::string_view text) {
    return fmt::format("{:08x}", libdeflate_crc32(0, text.data(), text.size()));
}

/// The bytes of an entry: entries are replaced, never written again, so large ones are mapped.
/// Mapping costs more than reading a few pages of memory.
std::optional<SharedText> bytes_of(const fs::path& path, std::size_t max_size) {
    constexpr std::uint64_t small = 64u << 10;
    auto source = FileSource::open(path);
    if (!source || source->size() > max_size) {
        return std::nullopt;
    }
    if (source->size() <= small) {
        auto text = read_all(*source, small, static_cast<std::size_t>(source->size()));
        return text ? std::optional(SharedText(*std::move(text))) : std::nullopt;
    }
    const auto file = MappedFile::open(path);
    return file ? std::optional(SharedText(*file, as_text((*file)->bytes()))) : std::nullopt;
}

/// What write_entry() stored; removed when it is not as it was written.
std::optional<SharedText> read_entry(const fs::path& path, std::size_t max_size) {
    constexpr std::size_t sum_size = 8;
    const auto bytes = bytes_of(path, max_size + sum_size);
    if (!bytes) {
        return std::nullopt;
    }
    const std::string_view all = *bytes;
    if (all.size() < sum_size || all.substr(0, sum_size) != sum_of(all.substr(sum_size))) {
        std::error_code ignored;
        fs::remove(path, ignored);
        return std::nullopt;
    }
    return bytes->from(sum_size);
}

Result<void> write_entry(const fs::path& path, const std::string& text) {
    return write_file(path, sum_of(text) + text, entries);
}

/// Readable where a file name may be so long.
fs::path page_path(const fs::path& root, std::string_view url) {
    constexpr std::size_t longest = 128;  // AtomicFile adds to it
    const std::string name = text::percent_encode(url);
    return root / "pages-v3" / (name.size() <= longest ? name : Digest::of(as_bytes(url)).hex());
}

}  // namespace

Cache::Cache(fs::path root) : root_(std::move(root)) {}

Result<void> Cache::prepare(const fs::path& folder) const {
    // Only what is created here is made private; an existing folder is its owner's business.
    std::error_code error;
    const bool fresh = !fs::exists(root_, error);
    ENVPACK_CHECK(ensure_directory(folder));
    if (fresh) {
        fs::permissions(root_, fs::perms::owner_all, error);
        if (error) {
            return fail(os_failure("make private", root_.string(), error.value()));
        }
    }
    return {};
}

fs::path Cache::file_path(const Digest& sha256, std::string_view filename) const {
    return entry_path(root_ / "wheels-v1", sha256) / filename;
}

Result<std::optional<fs::path>> Cache::find_file(const Digest& sha256, std::string_view filename,
                                                 const RunContext& run) const {
    fs::path path = file_path(sha256, filename);
    auto source = FileSource::open(path);
    if (!source) {
        return std::nullopt;
    }
    const auto actual = Digest::of(*source, run);
    ENVPACK_CHECK(run.check());
    if (actual && *actual == sha256) {
        return path;
    }
    std::error_code ignored;
    fs::remove(path, ignored);
    return std::nullopt;
}

Result<AtomicFile> Cache::begin_file() const {
    const fs::path folder = root_ / "wheels-v1" / "incoming";
    ENVPACK_CHECK(prepare(folder));
    return AtomicFile::create(folder / "part", entries);
}

Result<fs::path> Cache::store_file(AtomicFile file, const Digest& sha256,
                                   std::string_view filename) const {
    fs::path path = file_path(sha256, filename);
    ENVPACK_CHECK(prepare(path.parent_path()));
    ENVPACK_CHECK(file.commit_as(path));
    return path;
}

std::optional<std::string> Cache::find_metadata(const Digest& wheel) const {
    const auto text = read_entry(entry_path(root_ / "metadata-v2", wheel), Limits{}.max_metadata);
    return text ? std::optional(std::string(text->view())) : std::nullopt;
}

Result<void> Cache::store_metadata(const Digest& wheel, std::string_view text) const {
    const fs::path path = entry_path(root_ / "metadata-v2", wheel);
    ENVPACK_CHECK(prepare(path.parent_path()));
    return write_entry(path, std::string(text));
}

std::optional<std::pair<Digest, std::string>> Cache::find_built(const Digest& key) const {
    const auto entry = read_entry(entry_path(root_ / "built-v2", key), 4096);
    const std::string_view text = entry ? entry->view() : std::string_view();
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) {
        return std::nullopt;
    }
    const auto wheel = Digest::parse_hex(text.substr(0, space));
    const std::string_view filename = text.substr(space + 1);
    if (!wheel || filename.find('/') != std::string_view::npos) {
        return std::nullopt;
    }
    return std::pair(*wheel, std::string(filename));
}

Result<void> Cache::store_built(const Digest& key, const Digest& wheel,
                                std::string_view filename) const {
    const fs::path path = entry_path(root_ / "built-v2", key);
    ENVPACK_CHECK(prepare(path.parent_path()));
    return write_entry(path, wheel.hex() + " " + std::string(filename));
}

// A record begins with its key, so that one under another name is not taken for it.

std::optional<SharedText> Cache::find_record(std::string_view kind, const Digest& key) const {
    const fs::path path = entry_path(root_ / kind, key);
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
        (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return std::nullopt;
    }
    const auto entry = read_entry(path, max_record);
    const std::string stated = key.hex();
    if (!entry || !entry->view().starts_with(stated)) {
        return std::nullopt;
    }
    return entry->from(stated.size());
}

Result<void> Cache::store_record(std::string_view kind, const Digest& key,
                                 std::string_view text) const {
    const fs::path path = entry_path(root_ / kind, key);
    ENVPACK_CHECK(prepare(path.parent_path()));
    return write_entry(path, key.hex() + std::string(text));
}

// A page is stored as six lines, in the order of CachedPage, and its body.

std::optional<CachedPage> Cache::find_page(std::string_view url) const {
    const fs::path path = page_path(root_, url);
    const auto entry = read_entry(path, Limits{}.max_json + (64u << 10));
    if (!entry) {
        return std::nullopt;
    }
    std::string_view rest = *entry;
    bool ok = true;
    const auto line = [&] {
        const auto end = rest.find('\n');
        ok = ok && end != std::string_view::npos;
        const std::string_view text = ok ? rest.substr(0, end) : std::string_view();
        rest.remove_prefix(ok ? end + 1 : 0);
        return text;
    };
    CachedPage page;
    page.url = line();
    page.effective_url = line();
    page.content_type = line();
    page.etag = line();
    page.last_modified = line();
    const std::string_view fresh_until = line();
    const auto [end, error] = std::from_chars(
        fresh_until.data(), fresh_until.data() + fresh_until.size(), page.fresh_until);
    if (!ok || error != std::errc() || page.url != url) {
        return std::nullopt;
    }
    page.body = entry->from(entry->view().size() - rest.size());
    return page;
}

Result<void> Cache::store_page(const CachedPage& page) const {
    std::string text;
    for (const std::string_view field :
         {std::string_view(page.url), std::string_view(page.effective_url),
          std::string_view(page.content_type), std::string_view(page.etag),
          std::string_view(page.last_modified)}) {
        if (field.find('\n') != std::string_view::npos) {
            return fail(ErrorCode::invalid_argument, "a header has a line break");
        }
        text.append(field).append("\n");
    }
    text.append(std::to_string(page.fresh_until)).append("\n").append(page.body.view());
    const fs::path path = page_path(root_, page.url);
    ENVPACK_CHECK(prepare(path.parent_path()));
    return write_entry(path, text);
}

}  // namespace envpack::index
