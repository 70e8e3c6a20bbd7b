#include "envpack/cuda/elf_file.hpp"

#include "elf_image.hpp"

#include <algorithm>

namespace envpack::cuda {
namespace {

constexpr std::uint64_t dt_needed = 1;
constexpr std::uint64_t dt_strtab = 5;
constexpr std::uint64_t dt_strsz = 10;
constexpr std::uint64_t dt_soname = 14;
constexpr std::uint64_t dt_rpath = 15;
constexpr std::uint64_t dt_runpath = 29;
constexpr std::uint64_t dt_verdef = 0x6ffffffc;
constexpr std::uint64_t dt_verdefnum = 0x6ffffffd;
constexpr std::uint64_t dt_verneed = 0x6ffffffe;
constexpr std::uint64_t dt_verneednum = 0x6fffffff;
constexpr std::uint16_t weak_version = 0x2;  // VER_FLG_WEAK
constexpr std::uint16_t base_version = 0x1;  // VER_FLG_BASE: the name of the file itself
constexpr std::size_t max_versions = 65536;

std::vector<std::string> folders_of(const std::string& text) {
    std::vector<std::string> folders;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t colon = std::min(text.find(':', at), text.size());
        folders.push_back(text.substr(at, colon - at));
        at = colon + 1;
    }
    return folders;
}

/// The dynamic section, tag by tag.
class DynamicReader {
public:
    DynamicReader(ElfImage& image, ElfFile& file) : image_(image), file_(file) {}

    Result<void> read() {
        ENVPACK_TRY(tags_, image_.dynamic());
        file_.is_dynamic = !tags_.empty();
        if (tags_.empty()) {
            return {};
        }
        ENVPACK_CHECK(image_.use_strings(value(dt_strtab), value(dt_strsz)));
        for (const auto& [tag, offset] : tags_) {
            if (tag == dt_needed) {
                ENVPACK_TRY(std::string name, image_.string(offset));
                file_.needed.push_back(std::move(name));
            } else if (tag == dt_soname) {
                ENVPACK_TRY(file_.soname, image_.string(offset));
            } else if (tag == dt_rpath || tag == dt_runpath) {
                ENVPACK_TRY(const std::string text, image_.string(offset));
                (tag == dt_rpath ? file_.rpath : file_.runpath) = folders_of(text);
            }
        }
        ENVPACK_CHECK(read_needs());
        return read_definitions();
    }

private:
    std::uint64_t value(std::uint64_t tag) const {
        const auto found =
            std::ranges::find(tags_, tag, &std::pair<std::uint64_t, std::uint64_t>::first);
        return found == tags_.end() ? 0 : found->second;
    }

    static tl::unexpected<Error> bad_versions() {
        return refuse("elf.versions", "its table of symbol versions is damaged");
    }

    Result<void> count() {
        return ++versions_ > max_versions
                   ? refuse("elf.versions", "it has too many symbol versions")
                   : Result<void>();
    }

    /// Elf64_Verneed and Elf64_Vernaux; the 32-bit forms are the same.
    Result<void> read_needs() {
        std::uint64_t at = value(dt_verneed);
        for (std::uint64_t left = value(dt_verneednum); at != 0 && left > 0; --left) {
            ENVPACK_TRY(const auto head, image_.at_address<16>(at, "elf.versions"));
            VersionNeed need;
            ENVPACK_TRY(need.library, image_.string(image_.u32(head, 4)));
            std::uint64_t aux = at + image_.u32(head, 8);
            for (std::uint32_t i = image_.u16(head, 2); i > 0; --i) {
                ENVPACK_CHECK(count());
                ENVPACK_TRY(const auto entry, image_.at_address<16>(aux, "elf.versions"));
                if ((image_.u16(entry, 4) & weak_version) == 0) {
                    ENVPACK_TRY(std::string name, image_.string(image_.u32(entry, 8)));
                    need.versions.push_back(std::move(name));
                }
                const std::uint32_t next = image_.u32(entry, 12);
                if (next == 0 && i > 1) {
                    return bad_versions();
                }
                aux += next;
            }
            file_.version_needs.push_back(std::move(need));
            const std::uint32_t next = image_.u32(head, 12);
            if (next == 0 && left > 1) {
                return bad_versions();
            }
            at += next;
            ENVPACK_CHECK(count());
        }
        return {};
    }

    /// Elf64_Verdef and its first Elf64_Verdaux, which has the name.
    Result<void> read_definitions() {
        std::uint64_t at = value(dt_verdef);
        for (std::uint64_t left = value(dt_verdefnum); at != 0 && left > 0; --left) {
            ENVPACK_CHECK(count());
            ENVPACK_TRY(const auto head, image_.at_address<20>(at, "elf.versions"));
            ENVPACK_TRY(const auto entry,
                        image_.at_address<8>(at + image_.u32(head, 12), "elf.versions"));
            if ((image_.u16(head, 2) & base_version) == 0) {
                ENVPACK_TRY(std::string name, image_.string(image_.u32(entry, 0)));
                file_.version_definitions.push_back(std::move(name));
            }
            const std::uint32_t next = image_.u32(head, 16);
            if (next == 0 && left > 1) {
                return bad_versions();
            }
            at += next;
        }
        return {};
    }

    ElfImage& image_;
    ElfFile& file_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> tags_;
    std::size_t versions_ = 0;
};

}  // namespace

Result<std::optional<ElfFile>> ElfFile::read(const ByteRegion& bytes) {
    ENVPACK_TRY(std::optional<ElfImage> image, ElfImage::open(bytes));
    if (!image) {
        return std::nullopt;
    }
    ElfFile file{.is_wide = image->is_wide(),
                 .is_little = image->is_little(),
                 .type = image->type(),
                 .machine = image->machine(),
                 .flags = image->flags(),
                 .abi_version = image->abi_version()};
    if (file.machine == machine_cuda) {
        return file;  // a cubin: no loader of this machine reads its segments
    }
    ENVPACK_CHECK(image->read_segments());
    ENVPACK_TRY(file.program_interpreter, image->program_interpreter());
    ENVPACK_CHECK(DynamicReader(*image, file).read());
    return file;
}

}  // namespace envpack::cuda
