#pragma once

#include "envpack/base/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Records of the cache: read only by the envpack that wrote them, where they were written, so
// numbers are as this machine has them. A text is its length in 4 bytes and its bytes.

namespace envpack {

/// Appends to a string. One thread.
class PackedWriter {
public:
    template <class Number>
    void number(Number value) {
        char raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        out_.append(raw, sizeof value);
    }
    void text(std::string_view text) {
        number(static_cast<std::uint32_t>(text.size()));
        out_ += text;
    }
    void digest(const Digest& digest) {
        out_.append(reinterpret_cast<const char*>(digest.bytes().data()), Digest::size);
    }
    void numbers(std::span<const std::uint32_t> all) {
        out_.append(reinterpret_cast<const char*>(all.data()), all.size_bytes());
    }
    std::size_t size() const noexcept { return out_.size(); }
    std::string_view view() const noexcept { return out_; }
    std::string finish() && { return std::move(out_); }

private:
    std::string out_;
};

/// Reads from the front; once something is missing, everything is empty and ok() is false. The
/// bytes are the caller's to keep. One thread.
class PackedReader {
public:
    explicit PackedReader(std::string_view bytes) noexcept : rest_(bytes) {}
    bool ok() const noexcept { return ok_; }
    bool at_end() const noexcept { return rest_.empty(); }
    std::string_view take(std::size_t size) noexcept {
        if (size > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    template <class Number>
    Number number() noexcept {
        Number value{};
        if (const std::string_view raw = take(sizeof value); !raw.empty()) {
            std::memcpy(&value, raw.data(), sizeof value);
        }
        return value;
    }
    std::vector<std::uint32_t> numbers(std::size_t count) {
        std::vector<std::uint32_t> all;
        if (count > left() / sizeof(std::uint32_t)) {
            take(left() + 1);
        } else if (count > 0) {
            all.resize(count);
            std::memcpy(all.data(), take(count * sizeof(std::uint32_t)).data(),
                        count * sizeof(std::uint32_t));
        }
        return all;
    }
    std::string_view text() noexcept { return take(number<std::uint32_t>()); }
    Digest digest() noexcept {
        Digest::Bytes bytes{};
        if (const std::string_view raw = take(Digest::size); !raw.empty()) {
            std::memcpy(bytes.data(), raw.data(), Digest::size);
        }
        return Digest::from_bytes(bytes);
    }
    std::size_t left() const noexcept { return rest_.size(); }
    std::string_view rest() const noexcept { return rest_; }

private:
    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace envpack
