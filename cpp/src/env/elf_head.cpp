#include "elf_head.hpp"

#include "tree_text.hpp"

#include <array>
#include <string_view>

namespace envpack::env {
namespace {

constexpr std::size_t head_size = 16u << 10;
constexpr std::uint32_t pt_interp = 3;
constexpr std::uint64_t max_program_headers = 256;
constexpr std::uint64_t max_interpreter_path = 4096;

/// Reads unsigned numbers of either byte order; 0 beyond the end, which no field we use means.
class ElfFields {
public:
    ElfFields(std::string_view text, bool little) noexcept : text_(text), little_(little) {}
    std::uint64_t at(std::uint64_t offset, unsigned size) const noexcept {
        if (offset > text_.size() || text_.size() - offset < size) {
            return 0;
        }
        std::uint64_t value = 0;
        for (unsigned i = 0; i < size; ++i) {
            const unsigned index = little_ ? size - 1 - i : i;
            value = value << 8 | static_cast<unsigned char>(text_[offset + index]);
        }
        return value;
    }

private:
    std::string_view text_;
    bool little_;
};

std::string machine_name(std::uint64_t machine, bool wide, bool little) {
    switch (machine) {
        case 3:
            return "i686";
        case 21:
            return little ? "ppc64le" : "ppc64";
        case 22:
            return wide ? "s390x" : "s390";
        case 40:
            return "armv7l";
        case 62:
            return "x86_64";
        case 183:
            return "aarch64";
        case 243:
            return wide ? "riscv64" : "riscv32";
        case 258:
            return wide ? "loongarch64" : "loongarch32";
        default:
            return "";
    }
}

}  // namespace

std::optional<ElfHead> parse_elf_head(std::string_view text) {
    if (!text.starts_with("\x7f"
                          "ELF") ||
        text.size() < 52) {
        return std::nullopt;
    }
    const bool wide = text[4] == 2;
    const bool little = text[5] != 2;
    const ElfFields fields(text, little);
    ElfHead head{.machine = machine_name(fields.at(18, 2), wide, little),
                 .program_interpreter = {}};
    const std::uint64_t table = wide ? fields.at(32, 8) : fields.at(28, 4);
    const std::uint64_t entry_size = wide ? fields.at(54, 2) : fields.at(42, 2);
    const std::uint64_t count = wide ? fields.at(56, 2) : fields.at(44, 2);
    for (std::uint64_t i = 0; i < count && i < max_program_headers; ++i) {
        if (table > text.size()) {
            break;
        }
        const std::uint64_t entry = table + i * entry_size;
        if (fields.at(entry, 4) != pt_interp) {
            continue;
        }
        const std::uint64_t offset = wide ? fields.at(entry + 8, 8) : fields.at(entry + 4, 4);
        const std::uint64_t size = wide ? fields.at(entry + 32, 8) : fields.at(entry + 16, 4);
        if (size > max_interpreter_path || offset > text.size() || text.size() - offset < size) {
            break;
        }
        const std::string_view path = text.substr(offset, size);
        head.program_interpreter = path.substr(0, path.find('\0'));
        break;
    }
    return head;
}

Result<std::optional<ElfHead>> read_elf_head(const archive::FileTree& tree, const SafePath& path) {
    ENVPACK_TRY(const std::string text, read_front(tree, path, head_size));
    return parse_elf_head(text);
}

}  // namespace envpack::env
