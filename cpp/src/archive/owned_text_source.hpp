#pragma once

#include "envpack/base/bytes.hpp"

#include <memory>
#include <string>
#include <utility>

namespace envpack::archive {

/// Reads a text that it keeps alive. One thread.
class OwnedTextSource final : public ByteSource {
public:
    explicit OwnedTextSource(std::shared_ptr<const std::string> text)
        : text_(std::move(text)), source_(*text_) {}
    Result<std::size_t> read(std::span<std::byte> into) override { return source_.read(into); }

private:
    std::shared_ptr<const std::string> text_;
    MemorySource source_;
};

}  // namespace envpack::archive
