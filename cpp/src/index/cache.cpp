#include "envpack/index/cache.hpp"

#include "envpack/base/json.hpp"
#include "envpack/base/limits.hpp"

#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <libdeflate.h>

namespace envpack::index {

namespace {

namespace fs = std::filesystem;

// Whoever reads an entry checks it, so nothing has to wait for the disk.
constexpr Durability entries = Durability::checked;

fs::path entry_path(const fs::path& folder, const Digest& key) {
    const std::string hex = key.hex();
    return folder / hex.substr(0, 2) / hex;
}

/// What was stored under a first line with its own digest; removed when the two do not agree.
std::optional<std::string> read_checked(const fs::path& path, std::size_t max_size) {
    constexpr std::size_t head = 64 + 1;
    auto text = read_file(path, max_size);
    if (!text) {
        return std::nullopt;
    }
    const auto stated = Digest::parse_hex(std::string_view(*text).substr(0, 64));
    if (text->size() < head || !stated ||
        *stated != Digest::of(as_bytes(std::string_view(*text).substr(head)))) {
        std::error_code ignored;
        fs::remove(path, ignored);
        return std::nullopt;
    }
    text->erase(0, head);
    return *std::move(text);
}

Result<void> write_checked(const fs::path& path, std::string_view text) {
    return write_file(path, Digest::of(as_bytes(text)).hex() + "\n" + std::string(text), entries);
}

/// Pages are many megabytes, and what guards them is the care of their reader: the sum only tells
/// that a disk or a crash damaged one.
std::string sum_of(std::string_view text) {
    return fmt::format("{:08x}", libdeflate_crc32(0, text.data(), text.size()));
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
    HashingSink hash;
    const auto copied = copy(*source, hash, run);
    ENVPACK_CHECK(run.check());
    if (copied && std::move(hash).digest() == sha256) {
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
    return read_checked(entry_path(root_ / "metadata-v1", wheel), Limits{}.max_metadata + 65);
}

Result<void> Cache::store_metadata(const Digest& wheel, std::string_view text) const {
    const fs::path path = entry_path(root_ / "metadata-v1", wheel);
    ENVPACK_CHECK(prepare(path.parent_path()));
    return write_checked(path, text);
}

std::optional<std::pair<Digest, std::string>> Cache::find_built(const Digest& key) const {
    const auto text = read_checked(entry_path(root_ / "built-v1", key), 4096);
    const std::size_t space = text ? text->find(' ') : std::string::npos;
    if (space == std::string::npos) {
        return std::nullopt;
    }
    const auto wheel = Digest::parse_hex(std::string_view(*text).substr(0, space));
    std::string filename = text->substr(space + 1);
    if (!wheel || filename.find('/') != std::string::npos) {
        return std::nullopt;
    }
    return std::pair(*wheel, std::move(filename));
}

Result<void> Cache::store_built(const Digest& key, const Digest& wheel,
                                std::string_view filename) const {
    const fs::path path = entry_path(root_ / "built-v1", key);
    ENVPACK_CHECK(prepare(path.parent_path()));
    return write_checked(path, wheel.hex() + " " + std::string(filename));
}

std::optional<CachedPage> Cache::find_page(std::string_view url) const {
    const fs::path path = entry_path(root_ / "pages-v2", Digest::of(as_bytes(url)));
    constexpr std::size_t sum_size = 8;
    const auto file = MappedFile::open(path);  // entries are replaced, never written again
    if (!file || (*file)->bytes().size() > Limits{}.max_json + (64u << 10)) {
        return std::nullopt;
    }
    const std::string_view all = as_text((*file)->bytes());
    if (all.size() < sum_size || all.substr(0, sum_size) != sum_of(all.substr(sum_size))) {
        std::error_code ignored;
        fs::remove(path, ignored);
        return std::nullopt;
    }
    // The sum and one line of JSON, then the page.
    const auto line = all.find('\n');
    const auto head = json::parse(all.substr(sum_size, line - sum_size));
    if (line == std::string::npos || !head) {
        return std::nullopt;
    }
    CachedPage page;
    const std::pair<const char*, std::string*> fields[] = {{"url", &page.url},
                                                           {"effective_url", &page.effective_url},
                                                           {"content_type", &page.content_type},
                                                           {"etag", &page.etag},
                                                           {"last_modified", &page.last_modified}};
    for (const auto& [key, field] : fields) {
        const auto value = json::string_at(*head, key);
        if (!value) {
            return std::nullopt;
        }
        *field = *value;
    }
    const auto fresh_until = json::integer_at(*head, "fresh_until");
    if (!fresh_until || page.url != url) {
        return std::nullopt;
    }
    page.fresh_until = *fresh_until;
    page.body = SharedText(*file, all.substr(line + 1));
    return page;
}

Result<void> Cache::store_page(const CachedPage& page) const {
    const fs::path path = entry_path(root_ / "pages-v2", Digest::of(as_bytes(page.url)));
    ENVPACK_CHECK(prepare(path.parent_path()));
    const json::Value head(json::Object{{"url", page.url},
                                        {"effective_url", page.effective_url},
                                        {"content_type", page.content_type},
                                        {"etag", page.etag},
                                        {"last_modified", page.last_modified},
                                        {"fresh_until", page.fresh_until}});
    const std::string text = json::to_canonical(head) + "\n" + std::string(page.body.view());
    return write_file(path, sum_of(text) + text, entries);
}

}  // namespace envpack::index
