#include "inventory_store.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/env/cuda_facts_record.hpp"
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

std::string text_of(const InventoryKey& key, std::string_view of) {
    return json::to_canonical(json::Object{{"detail", static_cast<int>(key.detail)},
                                           {"envpack", ENVPACK_VERSION},
                                           {"format", env::inventory_record_format},
                                           {"manifest", key.manifest.to_string()},
                                           {"of", std::string(of)},
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
    return write_file(path, Digest::of(as_bytes(text)).hex() + "\n" + text, Durability::checked);
}

}  // namespace

InventoryStore::InventoryStore(const UserConfig& user)
    : root_(user.variable("ENVPACK_NO_CACHE").empty() ? user.cache_directory() : fs::path()) {}

fs::path InventoryStore::entry_path(const std::string& key_text) const {
    const std::string hex = Digest::of(as_bytes(key_text)).hex();
    return root_ / "inventories-v1" / hex.substr(0, 2) / hex;
}

std::optional<std::string> InventoryStore::read(const std::string& key_text) const {
    if (root_.empty()) {
        return std::nullopt;
    }
    std::optional<std::string> stored = read_own(entry_path(key_text));
    if (!stored || stored->size() < digest_line) {
        return std::nullopt;
    }
    // The digest tells damage, the key an entry that was put under another name.
    const std::string_view rest = std::string_view(*stored).substr(digest_line);
    const Result<Digest> stated = Digest::parse_hex(std::string_view(*stored).substr(0, 64));
    if (!stated || *stated != Digest::of(as_bytes(rest)) || !rest.starts_with(key_text + "\n")) {
        return std::nullopt;
    }
    stored->erase(0, digest_line + key_text.size() + 1);
    return stored;
}

void InventoryStore::write(const std::string& key_text, const std::string& record) const {
    if (!root_.empty()) {
        static_cast<void>(write_entry(root_, entry_path(key_text), key_text + "\n" + record));
    }
}

std::optional<env::Inventory> InventoryStore::find(const InventoryKey& key) const {
    const std::optional<std::string> record = read(text_of(key, "inventory"));
    if (!record) {
        return std::nullopt;
    }
    Result<env::Inventory> inventory = env::parse_record(*record);
    if (!inventory || inventory->source_digest != key.manifest.to_string()) {
        return std::nullopt;
    }
    return *std::move(inventory);
}

std::optional<env::CudaFacts> InventoryStore::find_cuda(const InventoryKey& key) const {
    const std::optional<std::string> record = read(text_of(key, "cuda"));
    Result<env::CudaFacts> facts = env::parse_cuda_record(record.value_or(""));
    return facts ? std::optional(*std::move(facts)) : std::nullopt;
}

void InventoryStore::keep(const InventoryKey& key, const env::Inventory& inventory) const {
    write(text_of(key, "inventory"), env::to_record(inventory));
}

void InventoryStore::keep_cuda(const InventoryKey& key, const env::CudaFacts& facts) const {
    write(text_of(key, "cuda"), env::to_record(facts));
}

}  // namespace envpack::pipeline
