#pragma once

#include "envpack/oci/target.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace envpack::oci {

/// Images in memory: a build whose result is looked at and not kept, and tests. Thread-safe.
class MemoryTarget final : public Target {
public:
    Result<bool> exists(const Descriptor& descriptor, const RunContext& run) const override;
    Result<std::unique_ptr<ByteSource>> fetch(const Descriptor& descriptor,
                                              const RunContext& run) const override;
    Result<std::vector<Descriptor>> find(std::string_view name,
                                         const RunContext& run) const override;
    Result<std::vector<std::string>> tags(const RunContext& run) const override;
    std::string description() const override { return "memory"; }
    Result<void> push(const Descriptor& expected, ByteSource& content,
                      const RunContext& run) override;
    Result<void> tag(const Descriptor& descriptor, std::string_view name,
                     const RunContext& run) override;

private:
    mutable std::mutex mutex_;
    std::map<Digest, std::shared_ptr<const std::string>> blobs_;
    std::map<std::string, Descriptor, std::less<>> names_;
};

}  // namespace envpack::oci
