#include "packed_project.hpp"

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

// All numbers are little-endian, as on every machine that envpack is built for.
//
//   4  number of texts of Requires-Python   then each: length, bytes
//   4  number of files                      then each file:
//        1  flags   2  Requires-Python, position in the texts + 1, or 0
//        filename; URL, without the filename where it ends with that; then what the flags name
//
// A length is 4 bytes.

namespace envpack::index {

namespace {

enum Flag : std::uint8_t {
    has_sha256 = 1,
    has_size = 2,
    serves_metadata = 4,
    has_metadata_sha256 = 8,
    is_yanked = 16,
    has_upload_time = 32,
    ends_with_filename = 64,
};

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
    std::string finish() && { return std::move(out_); }

private:
    std::string out_;
};

/// Reads from the front; once something is missing, everything is empty and ok() is false.
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
    std::string_view text() noexcept { return take(number<std::uint32_t>()); }
    Digest digest() noexcept {
        Digest::Bytes bytes{};
        if (const std::string_view raw = take(Digest::size); !raw.empty()) {
            std::memcpy(bytes.data(), raw.data(), Digest::size);
        }
        return Digest::from_bytes(bytes);
    }
    std::size_t left() const noexcept { return rest_.size(); }

private:
    std::string_view rest_;
    bool ok_ = true;
};

void pack_file(const DistFile& file, std::uint16_t python, PackedWriter& out) {
    const bool short_url = file.url.ends_with("/" + file.filename);
    unsigned flags = short_url ? ends_with_filename : 0;
    flags |= file.sha256 ? has_sha256 : 0;
    flags |= file.size ? has_size : 0;
    flags |= file.has_metadata ? serves_metadata : 0;
    flags |= file.metadata_sha256 ? has_metadata_sha256 : 0;
    flags |= file.yanked ? is_yanked : 0;
    flags |= file.upload_time ? has_upload_time : 0;
    out.number(static_cast<std::uint8_t>(flags));
    out.number(python);
    out.text(file.filename);
    out.text(std::string_view(file.url).substr(
        0, file.url.size() - (short_url ? file.filename.size() : 0)));
    if (file.sha256) {
        out.digest(*file.sha256);
    }
    if (file.size) {
        out.number(*file.size);
    }
    if (file.metadata_sha256) {
        out.digest(*file.metadata_sha256);
    }
    if (file.yanked) {
        out.text(*file.yanked);
    }
    if (file.upload_time) {
        out.text(*file.upload_time);
    }
}

/// A packed page and where its files are.
struct PackedPage {
    SharedText bytes;
    std::vector<packaging::SpecifierSet> pythons;
    std::vector<std::uint32_t> offsets;

    PackedReader at(std::size_t position) const {
        return PackedReader(bytes.view().substr(offsets[position]));
    }
    std::string_view filename(std::size_t position) const {
        PackedReader in = at(position);
        in.take(3);
        return in.text();
    }
};

/// Goes past one file without making it; false when it is none.
bool skip_file(PackedReader& in, std::size_t pythons) {
    const auto flags = in.number<std::uint8_t>();
    const std::size_t python = in.number<std::uint16_t>();
    in.text();
    in.text();
    in.take(((flags & has_sha256) != 0 ? Digest::size : 0) + ((flags & has_size) != 0 ? 8 : 0) +
            ((flags & has_metadata_sha256) != 0 ? Digest::size : 0));
    for (const Flag flag : {is_yanked, has_upload_time}) {
        if ((flags & flag) != 0) {
            in.text();
        }
    }
    return in.ok() && python <= pythons;
}

/// Of bytes that skip_file() went past.
DistFile unpack_file(PackedReader in, const std::vector<packaging::SpecifierSet>& pythons) {
    DistFile file;
    const auto flags = in.number<std::uint8_t>();
    const std::size_t python = in.number<std::uint16_t>();
    file.filename = in.text();
    file.url = in.text();
    if ((flags & ends_with_filename) != 0) {
        file.url += file.filename;
    }
    if ((flags & has_sha256) != 0) {
        file.sha256 = in.digest();
    }
    if ((flags & has_size) != 0) {
        file.size = in.number<std::uint64_t>();
    }
    file.has_metadata = (flags & serves_metadata) != 0;
    if ((flags & has_metadata_sha256) != 0) {
        file.metadata_sha256 = in.digest();
    }
    if ((flags & is_yanked) != 0) {
        file.yanked = in.text();
    }
    if ((flags & has_upload_time) != 0) {
        file.upload_time = in.text();
    }
    if (python > 0) {
        file.requires_python = pythons[python - 1];
    }
    return file;
}

}  // namespace

std::string pack_project(const Project& project) {
    std::map<std::string, std::uint16_t> pythons;
    std::vector<const std::string*> texts;
    std::vector<std::uint16_t> python_of(project.files.size(), 0);
    const packaging::Specifier* last = nullptr;  // files of a release share their set
    std::uint16_t last_position = 0;
    for (std::size_t i = 0; i < project.files.size(); ++i) {
        const auto& set = project.files[i].requires_python;
        if (!set || pythons.size() >= 0xfffe) {
            continue;
        }
        if (last == nullptr || last != set->specifiers().data()) {
            const auto [entry, fresh] = pythons.try_emplace(
                set->to_string(), static_cast<std::uint16_t>(pythons.size() + 1));
            if (fresh) {
                texts.push_back(&entry->first);
            }
            last = set->specifiers().data();
            last_position = entry->second;
        }
        python_of[i] = last_position;
    }
    PackedWriter out;
    out.number(static_cast<std::uint32_t>(texts.size()));
    for (const std::string* text : texts) {
        out.text(*text);
    }
    out.number(static_cast<std::uint32_t>(project.files.size()));
    for (std::size_t i = 0; i < project.files.size(); ++i) {
        pack_file(project.files[i], python_of[i], out);
    }
    return std::move(out).finish();
}

std::optional<Project> unpack_project(SharedText bytes, const packaging::PackageName& name) {
    const auto page = std::make_shared<PackedPage>();
    page->bytes = std::move(bytes);
    PackedReader in(page->bytes);
    for (auto count = in.number<std::uint32_t>(); count > 0 && in.ok(); --count) {
        auto set = packaging::SpecifierSet::parse(in.text());
        if (!set) {
            return std::nullopt;
        }
        page->pythons.push_back(*std::move(set));
    }
    constexpr std::size_t smallest_file = 11;
    const auto count = in.number<std::uint32_t>();
    if (!in.ok() || count > in.left() / smallest_file || page->bytes.view().size() > UINT32_MAX) {
        return std::nullopt;
    }
    page->offsets.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        page->offsets.push_back(static_cast<std::uint32_t>(page->bytes.view().size() - in.left()));
        if (!skip_file(in, page->pythons.size())) {
            return std::nullopt;
        }
    }
    if (!in.at_end()) {
        return std::nullopt;
    }
    return Project{.name = name,
                   .files = DistFiles(
                       count, [page](std::size_t position) { return page->filename(position); },
                       [page](std::size_t position) {
                           return unpack_file(page->at(position), page->pythons);
                       })};
}

}  // namespace envpack::index
