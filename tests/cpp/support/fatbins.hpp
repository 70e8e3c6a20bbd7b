#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Containers of GPU code, byte by byte, for tests that decide every field.
namespace envpack::fatbins {

inline void put(std::string& bytes, std::uint64_t value, unsigned size) {
    for (; size > 0; --size, value >>= 8) {
        bytes.push_back(static_cast<char>(value & 0xff));
    }
}

struct Entry {
    std::uint16_t kind = 2;  ///< 1 PTX, 2 cubin, 8 LTO-IR
    std::uint32_t arch = 90;
    std::uint64_t flags = 0x11;
    std::uint16_t major = 1;
    std::uint16_t minor = 8;
    std::uint32_t header_size = 64;
    std::uint64_t payload = 8;
    std::uint32_t compressed = 0;
    std::uint16_t version = 0x0101;

    std::string bytes() const {
        std::string text;
        put(text, kind, 2);
        put(text, version, 2);
        put(text, header_size, 4);
        put(text, payload, 8);
        put(text, compressed, 4);
        put(text, 0, 4);
        put(text, minor, 2);
        put(text, major, 2);
        put(text, arch, 4);
        put(text, 0, 8);
        put(text, flags, 8);
        put(text, 0, 16);
        text.resize(header_size < 64 ? 64 : header_size);
        return text + std::string(payload < 4096 ? payload : 4096, 'x');
    }
};

inline Entry ptx(std::uint32_t arch, std::uint16_t major, std::uint16_t minor,
                 std::uint64_t suffix = 0) {
    return {.kind = 1, .arch = arch, .flags = 0x11 | suffix, .major = major, .minor = minor};
}
constexpr std::uint64_t a = 0x100000;
constexpr std::uint64_t f = 0x200000;
inline Entry sass(std::uint32_t arch, std::uint64_t suffix = 0) {
    return {.arch = arch, .flags = 0x11 | suffix};
}

inline std::string container_of(const std::string& payload, std::uint64_t size) {
    std::string text;
    put(text, 0xBA55ED50, 4);
    put(text, 1, 2);
    put(text, 16, 2);
    put(text, size, 8);
    return text + payload;
}

inline std::string container(const std::vector<Entry>& entries) {
    std::string payload;
    for (const Entry& entry : entries) {
        payload += entry.bytes();
    }
    return container_of(payload, payload.size());
}

}  // namespace envpack::fatbins
