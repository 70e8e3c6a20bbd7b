#include "envpack/base/digest.hpp"

#include "envpack/base/assert.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace envpack {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 0xff;
constexpr auto base64_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < base64_digits.size(); ++i) {
        values[static_cast<unsigned char>(base64_digits[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}();

/// Fetched once: looking the algorithm up costs more than hashing a small file (OpenSSL 3,
/// EVP_MD_fetch(3), "explicit fetching").
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    ENVPACK_ASSERT(algorithm != nullptr);
    return algorithm;
}

Error malformed(std::string_view text, std::string_view expected) {
    return Error(ErrorCode::parse_error,
                 fmt::format("`{}` is no {}", text.substr(0, 100), expected))
        .with_rule("digest.malformed");
}

constexpr auto hex_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (int digit = 0; digit < 16; ++digit) {
        values[static_cast<unsigned char>("0123456789abcdef"[digit])] =
            static_cast<std::int8_t>(digit);
    }
    return values;
}();

int hex_value(char c, bool allow_upper) {
    const bool is_upper = c >= 'A' && c <= 'F';
    return hex_values[static_cast<unsigned char>(is_upper && allow_upper ? c - 'A' + 'a' : c)];
}

bool decode_hex(std::string_view hex, bool allow_upper, Digest::Bytes& into) {
    if (hex.size() != 2 * into.size()) {
        return false;
    }
    for (std::size_t i = 0; i < into.size(); ++i) {
        const int high = hex_value(hex[2 * i], allow_upper);
        const int low = hex_value(hex[2 * i + 1], allow_upper);
        if (high < 0 || low < 0) {
            return false;
        }
        into[i] = static_cast<std::byte>(high * 16 + low);
    }
    return true;
}

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
    constexpr std::string_view prefix = "sha256:";
    Bytes bytes{};
    if (!text.starts_with(prefix) || !decode_hex(text.substr(prefix.size()), false, bytes)) {
        return fail(malformed(text, "sha256 digest (`sha256:` and 64 lower-case hex digits)"));
    }
    return from_bytes(bytes);
}

Result<Digest> Digest::parse_hex(std::string_view hex) {
    Bytes bytes{};
    if (!decode_hex(hex, true, bytes)) {
        return fail(malformed(hex, "sha256 in hexadecimal (64 digits)"));
    }
    return from_bytes(bytes);
}

Result<Digest> Digest::parse_base64url(std::string_view text) {
    // 43 digits carry 258 bits; the last two must be zero (RFC 4648, section 3.5).
    constexpr std::size_t length = 43;
    const auto refuse = [text] {
        return fail(malformed(text, "sha256 in urlsafe base64 (43 characters)"));
    };
    if (text.size() != length) {
        return refuse();
    }
    Bytes bytes{};
    std::uint32_t window = 0;
    unsigned bits = 0;
    std::size_t filled = 0;
    for (const char c : text) {
        const std::uint8_t value = base64_values[static_cast<unsigned char>(c)];
        if (value == no_digit) {
            return refuse();
        }
        window = (window << 6U) | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[filled++] = static_cast<std::byte>((window >> bits) & 0xffU);
        }
    }
    if ((window & 0x3U) != 0) {
        return refuse();
    }
    return from_bytes(bytes);
}

Digest Digest::of(std::span<const std::byte> data) {
    Sha256 hash;
    hash.update(data);
    return std::move(hash).finish();
}

Result<Digest> Digest::of(ByteSource& from, const RunContext& run) {
    HashingSink hash;
    ENVPACK_CHECK(copy(from, hash, run));
    return std::move(hash).digest();
}

Digest Digest::from_bytes(const Bytes& bytes) noexcept {
    Digest digest;
    digest.bytes_ = bytes;
    return digest;
}

std::string Digest::to_string() const {
    return "sha256:" + hex();
}

std::string Digest::hex() const {
    std::string out;
    out.reserve(2 * bytes_.size());
    for (const std::byte b : bytes_) {
        const auto value = std::to_integer<unsigned>(b);
        out += hex_digits[value >> 4U];
        out += hex_digits[value & 0xfU];
    }
    return out;
}

std::string Digest::base64url() const {
    std::string out;
    std::uint32_t window = 0;
    unsigned bits = 0;
    for (const std::byte b : bytes_) {
        window = (window << 8U) | std::to_integer<std::uint32_t>(b);
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            out += base64_digits[(window >> bits) & 0x3fU];
        }
    }
    out += base64_digits[(window << (6 - bits)) & 0x3fU];
    return out;
}

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() {
        ENVPACK_ASSERT(context != nullptr);
        ENVPACK_ASSERT(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) == 1);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> data) {
    ENVPACK_ASSERT(state_ != nullptr);
    ENVPACK_ASSERT(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1);
}

Digest Sha256::finish() && {
    ENVPACK_ASSERT(state_ != nullptr);
    std::array<unsigned char, Digest::size> raw{};
    unsigned length = 0;
    ENVPACK_ASSERT(EVP_DigestFinal_ex(state_->context, raw.data(), &length) == 1);
    ENVPACK_ASSERT(length == raw.size());
    state_.reset();
    Digest::Bytes bytes{};
    std::memcpy(bytes.data(), raw.data(), raw.size());
    return Digest::from_bytes(bytes);
}

Result<void> HashingSink::write(std::span<const std::byte> data) {
    hash_.update(data);
    count_ += data.size();
    if (next_ != nullptr) {
        return next_->write(data);
    }
    return {};
}

Result<void> HashingSink::finish() {
    if (next_ != nullptr) {
        return next_->finish();
    }
    return {};
}

VerifyingSource::VerifyingSource(std::unique_ptr<ByteSource> from, Digest expected,
                                 std::uint64_t size)
    : from_(std::move(from)), expected_(expected), rest_(size) {}

Result<std::size_t> VerifyingSource::read(std::span<std::byte> into) {
    if (done_) {
        return std::size_t{0};
    }
    ENVPACK_TRY(const std::size_t count, from_->read(into));
    if (count > rest_ || (count == 0 && rest_ != 0)) {
        return fail(ErrorCode::digest_mismatch,
                    fmt::format("content of {} is {} than announced", expected_.to_string(),
                                count == 0 ? "shorter" : "longer"));
    }
    if (count == 0) {
        done_ = true;
        const Digest actual = std::move(hash_).finish();
        if (actual != expected_) {
            return fail(ErrorCode::digest_mismatch,
                        fmt::format("content has digest {} instead of {}", actual.to_string(),
                                    expected_.to_string()));
        }
        return count;
    }
    rest_ -= count;
    hash_.update(into.first(count));
    return count;
}

}  // namespace envpack

std::size_t std::hash<envpack::Digest>::operator()(const envpack::Digest& digest) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, digest.bytes().data(), sizeof value);
    return value;
}
