#pragma once

#include "envpack/archive/gzip_members.hpp"
#include "envpack/archive/layer_listing.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::test {

/// Reads from a text that it owns, at most `step` bytes a call.
class TextSource final : public ByteSource {
public:
    explicit TextSource(std::string text, std::size_t step = SIZE_MAX)
        : text_(std::move(text)), rest_(text_), step_(step) {}
    Result<std::size_t> read(std::span<std::byte> into) override {
        const std::size_t count = std::min({into.size(), rest_.size(), step_});
        std::copy_n(as_bytes(rest_).begin(), count, into.begin());
        rest_.remove_prefix(count);
        return count;
    }

private:
    std::string text_;
    std::string_view rest_;
    std::size_t step_;
};

inline std::unique_ptr<ByteSource> source_of(std::string text, std::size_t step = SIZE_MAX) {
    return std::make_unique<TextSource>(std::move(text), step);
}

/// The rule of a refusal; its message when it has none; "" for a success.
template <class T>
std::string rule_of(const Result<T>& result) {
    if (result) {
        return "";
    }
    return std::string(result.error().rule().empty() ? result.error().message()
                                                     : result.error().rule());
}

/// Everything in `source`, or the reason against it.
inline Result<std::string> all_of(Result<std::unique_ptr<ByteSource>> source) {
    if (!source) {
        return fail(std::move(source).error());
    }
    return read_all(**source, std::size_t{1} << 30);
}

/// One header block with any fields, honest or not.
struct RawBlock {
    std::string name = "file";
    char type = '0';
    std::string size = "00000000000";
    std::string link = {};
    std::string prefix = {};
    std::string magic = std::string(
        "ustar\0"
        "00",
        8);
    std::string mtime = "00000000000";
    std::string mode = "0000644";
    int checksum_error = 0;

    std::string bytes() const {
        std::string block(512, '\0');
        const auto put = [&](std::size_t offset, std::string_view text) {
            block.replace(offset, text.size(), text);
        };
        put(0, name);
        put(100, mode);
        put(108, "0000000");
        put(116, "0000000");
        put(124, size);
        put(136, mtime);
        put(148, "        ");
        block[156] = type;
        put(157, link);
        put(257, magic);
        put(345, prefix);
        int sum = checksum_error;
        for (const char c : block) {
            sum += static_cast<unsigned char>(c);
        }
        std::string octal(6, '0');
        for (std::size_t i = 6; i-- > 0; sum /= 8) {
            octal[i] = static_cast<char>('0' + sum % 8);
        }
        put(148, octal + '\0');
        return block;
    }
};

inline std::string octal11(std::size_t value) {
    std::string text(11, '0');
    for (std::size_t i = 11; i-- > 0; value /= 8) {
        text[i] = static_cast<char>('0' + value % 8);
    }
    return text;
}

inline std::string padded(std::string text) {
    text.resize(text.size() + archive::tar_padding(text.size()), '\0');
    return text;
}

/// A PAX header (or a global one) with this body.
inline std::string pax_block(const std::string& body, char type = 'x') {
    return RawBlock{.name = "pax", .type = type, .size = octal11(body.size())}.bytes() +
           padded(body);
}

/// Builds the tar of a layer from members in their order. One thread.
class LayerBuilder {
public:
    LayerBuilder& file(const std::string& path, const std::string& text, int mode = 0644) {
        return block({.name = path, .size = octal11(text.size()), .mode = octal7(mode)}, text);
    }
    LayerBuilder& directory(const std::string& path, int mode = 0755) {
        return block({.name = path + "/", .type = '5', .mode = octal7(mode)});
    }
    LayerBuilder& link(const std::string& path, const std::string& target) {
        return block({.name = path, .type = '2', .link = target, .mode = octal7(0777)});
    }
    LayerBuilder& hard_link(const std::string& path, const std::string& target) {
        return block({.name = path, .type = '1', .link = target});
    }
    LayerBuilder& whiteout(const std::string& folder, const std::string& name) {
        return file(folder + (folder.empty() ? "" : "/") + ".wh." + name, "");
    }
    LayerBuilder& opaque(const std::string& folder) { return whiteout(folder, ".wh..opq"); }
    LayerBuilder& block(const RawBlock& header, const std::string& text = {}) {
        tar_ += header.bytes() + padded(text);
        return *this;
    }
    std::string bytes() const { return tar_ + std::string(1024, '\0'); }

private:
    static std::string octal7(int mode) {
        return octal11(static_cast<std::size_t>(mode)).substr(4);
    }
    std::string tar_;
};

inline std::string gzip(std::string_view plain, std::size_t member_size = 1u << 20) {
    StringSink sink;
    archive::GzipMemberEncoder encoder(sink, {.member_size = member_size}, 0);
    EXPECT_TRUE(encoder.write(as_bytes(plain)).has_value());
    EXPECT_TRUE(encoder.finish().has_value());
    return std::move(sink).take();
}

}  // namespace envpack::test
