#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace envpack::oci {

/// Reads from a text and keeps it alive. One thread.
class SharedTextSource final : public ByteSource {
public:
    explicit SharedTextSource(std::shared_ptr<const std::string> text)
        : text_(std::move(text)), bytes_(std::string_view(*text_)) {}
    Result<std::size_t> read(std::span<std::byte> into) override { return bytes_.read(into); }

private:
    std::shared_ptr<const std::string> text_;
    MemorySource bytes_;
};

}  // namespace envpack::oci
