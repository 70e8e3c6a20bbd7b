#include "envpack/oci/memory_target.hpp"

#include "blob_source.hpp"
#include "shared_text_source.hpp"
#include "target_errors.hpp"

#include <algorithm>
#include <utility>

namespace envpack::oci {
Result<bool> MemoryTarget::exists(const Descriptor& descriptor, const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const std::lock_guard lock(mutex_);
    const auto blob = blobs_.find(descriptor.digest);
    return blob != blobs_.end() && blob->second->size() == descriptor.size;
}

Result<std::unique_ptr<ByteSource>> MemoryTarget::fetch(const Descriptor& descriptor,
                                                        const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const std::lock_guard lock(mutex_);
    const auto blob = blobs_.find(descriptor.digest);
    if (blob == blobs_.end()) {
        return fail(blob_not_found(descriptor, description()));
    }
    return verified_blob(std::make_unique<SharedTextSource>(blob->second), descriptor,
                         description());
}

Result<std::vector<Descriptor>> MemoryTarget::find(std::string_view name,
                                                   const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const std::lock_guard lock(mutex_);
    std::vector<Descriptor> result;
    for (const auto& [tag, descriptor] : names_) {
        if (name.empty() || tag == name || descriptor.digest.to_string() == name) {
            result.push_back(descriptor);
        }
    }
    return result;
}

Result<std::vector<std::string>> MemoryTarget::tags(const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const std::lock_guard lock(mutex_);
    std::vector<std::string> result;
    for (const auto& [tag, descriptor] : names_) {
        result.push_back(tag);
    }
    return result;
}

Result<void> MemoryTarget::push(const Descriptor& expected, ByteSource& content,
                                const RunContext& run) {
    ENVPACK_TRY(const bool present, exists(expected, run));
    if (present) {
        return {};
    }
    StringSink sink;
    ENVPACK_CHECK(copy_exactly(content, sink, expected, description(), run));
    auto blob = std::make_shared<const std::string>(std::move(sink).take());
    const std::lock_guard lock(mutex_);
    blobs_.insert_or_assign(expected.digest, std::move(blob));
    return {};
}

Result<void> MemoryTarget::tag(const Descriptor& descriptor, std::string_view name,
                               const RunContext& run) {
    ENVPACK_CHECK(require_ref_name(name));
    ENVPACK_TRY(const bool present, exists(descriptor, run));
    if (!present) {
        return fail(blob_not_found(descriptor, description()));
    }
    const std::lock_guard lock(mutex_);
    names_.insert_or_assign(std::string(name), descriptor);
    return {};
}

}  // namespace envpack::oci
