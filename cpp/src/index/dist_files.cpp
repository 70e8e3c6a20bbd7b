#include "envpack/base/assert.hpp"
#include "envpack/index/package_index.hpp"

#include <atomic>
#include <mutex>
#include <utility>

namespace envpack::index {

struct DistFiles::Shared {
    ~Shared() {
        for (const auto& file : made) {
            delete file.load();
        }
    }

    std::vector<DistFile> files;
    std::function<std::string_view(std::size_t)> filename;  // null: `files` has them all
    std::function<DistFile(std::size_t)> make;
    mutable std::vector<std::atomic<const DistFile*>> made;
    mutable std::once_flag grouped;
    mutable std::optional<Releases> releases;
};

DistFiles::DistFiles(std::vector<DistFile> files) : size_(files.size()) {
    auto shared = std::make_shared<Shared>();
    shared->files = std::move(files);
    shared_ = std::move(shared);
}

DistFiles::DistFiles(std::size_t count, std::function<std::string_view(std::size_t)> filename,
                     std::function<DistFile(std::size_t)> make, std::optional<Releases> releases)
    : size_(count) {
    auto shared = std::make_shared<Shared>();
    shared->filename = std::move(filename);
    shared->make = std::move(make);
    shared->made = std::vector<std::atomic<const DistFile*>>(count);
    shared->releases = std::move(releases);
    shared_ = std::move(shared);
}

const DistFile& DistFiles::operator[](std::size_t position) const {
    if (!shared_->make) {
        return shared_->files[position];
    }
    std::atomic<const DistFile*>& slot = shared_->made[position];
    if (const DistFile* made = slot.load(std::memory_order_acquire)) {
        return *made;
    }
    auto fresh = std::make_unique<const DistFile>(shared_->make(position));
    const DistFile* first = nullptr;
    if (slot.compare_exchange_strong(first, fresh.get())) {
        return *fresh.release();
    }
    return *first;  // another thread was quicker
}

const DistFile& DistFiles::at(std::size_t position) const {
    ENVPACK_ASSERT(position < size_);
    return (*this)[position];
}

std::string_view DistFiles::filename(std::size_t position) const {
    return shared_->make ? shared_->filename(position)
                         : std::string_view(shared_->files[position].filename);
}

const Releases& DistFiles::releases() const {
    static const Releases none;
    if (!shared_) {
        return none;
    }
    std::call_once(shared_->grouped, [this] {
        if (!shared_->releases) {
            shared_->releases.emplace(size_,
                                      [this](std::size_t position) { return filename(position); });
        }
    });
    return *shared_->releases;
}

}  // namespace envpack::index
