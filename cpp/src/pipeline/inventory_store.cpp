#include "inventory_store.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/env/inventory_record.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_entry = std::size_t{256} << 20;
constexpr std::size_t digest_line = 64 + 1;

std::string text_of(const InventoryKey& key) {
    return json::to_canonical(json::Object{{"detail", static_cast<int>(key.detail)},
                                           {"envpack", ENVPACK_VERSION},
                                           {"format", env::inventory_record_format},
                                           {"manifest", key.manifest.to_string()},
                                           {"python", key.python}});
}

/// A file that only this user can have written; nullopt for anything else.
std::optional<std::string> read_own(const fs::path& path) {
    const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    if (!file || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
        static_cast<std::uint64_t>(info.st_size) > max_entry) {
        return std::nullopt;
    }
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t count = ::read(file.get(), text.data() + filled, text.size() - filled);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            return std::nullopt;
        }
        filled += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    return text;
}

Result<void> write_entry(const fs::path& root, const fs::path& path, const std::string& text) {
    std::error_code error;
    const bool fresh = !fs::exists(root, error);
    ENVPACK_CHECK(ensure_directory(path.parent_path()));
    if (fresh) {
        fs::permissions(root, fs::perms::owner_all, error);
    }
    return write_file(path, Digest::of(as_bytes(text)).hex() + "\n" + text);
}

}  // namespace

InventoryStore::InventoryStore(const UserConfig& user)
    : root_(user.variable("ENVPACK_NO_CACHE").empty() ? user.cache_directory() : fs::path()) {}

fs::path InventoryStore::entry_path(const std::string& key_text) const {
    const std::string hex = Digest::of(as_bytes(key_text)).hex();
    return root_ / "inventories-v1" / hex.substr(0, 2) / hex;
}

std::optional<env::Inventory> InventoryStore::find(const InventoryKey& key) const {
    if (root_.empty()) {
        return std::nullopt;
    }
    const std::string key_text = text_of(key);
    const std::optional<std::string> stored = read_own(entry_path(key_text));
    if (!stored || stored->size() < digest_line) {
        return std::nullopt;
    }
    // The digest tells damage, the key an entry that was put under another name.
    std::string_view rest = std::string_view(*stored).substr(digest_line);
    const Result<Digest> stated = Digest::parse_hex(std::string_view(*stored).substr(0, 64));
    if (!stated || *stated != Digest::of(as_bytes(rest)) || !rest.starts_with(key_text + "\n")) {
        return std::nullopt;
    }
    rest.remove_prefix(key_text.size() + 1);
    Result<env::Inventory> inventory = env::parse_record(rest);
    if (!inventory || inventory->source_digest != key.manifest.to_string()) {
        return std::nullopt;
    }
    return *std::move(inventory);
}

void InventoryStore::keep(const InventoryKey& key, const env::Inventory& inventory) const {
    if (root_.empty()) {
        return;
    }
    const std::string key_text = text_of(key);
    static_cast<void>(
        write_entry(root_, entry_path(key_text), key_text + "\n" + env::to_record(inventory)));
}

}  // namespace envpack::pipeline
