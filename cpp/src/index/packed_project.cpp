#include "packed_project.hpp"

#include "envpack/base/packed.hpp"

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <utility>

// All numbers are little-endian, as on every machine that envpack is built for.
//
//   4  number of texts of Requires-Python   then each: length, bytes
//   4  number of versions   4  number of files that have one   4  number of files
//   then of each version    4  where its files end in the next list
//   of each file that has a version, by version   4  its position on the page
//   of each version, ascending, its text: length, bytes
//   of each file            4  where it begins, counted from the end of this list
//   then each file:
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
    std::vector<std::string_view> pythons;
    std::vector<std::uint32_t> begins;
    std::string_view files;

    PackedReader at(std::size_t position) const {
        const std::size_t begin = begins[position];
        return PackedReader(begin < files.size() ? files.substr(begin) : std::string_view());
    }
    std::string_view filename(std::size_t position) const {
        PackedReader in = at(position);
        in.take(3);
        return in.text();
    }
};

DistFile unpack_file(PackedReader in, std::span<const std::string_view> pythons) {
    DistFile file{};
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
        auto set = packaging::SpecifierSet::parse(python <= pythons.size() ? pythons[python - 1]
                                                                           : std::string_view("?"));
        if (!set) {
            return {};
        }
        file.requires_python = *std::move(set);
    }
    return in.ok() ? file : DistFile{};
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
    PackedWriter files;
    std::vector<std::uint32_t> begins;
    begins.reserve(project.files.size());
    for (std::size_t i = 0; i < project.files.size(); ++i) {
        begins.push_back(static_cast<std::uint32_t>(files.size()));
        pack_file(project.files[i], python_of[i], files);
    }
    PackedWriter out;
    out.number(static_cast<std::uint32_t>(texts.size()));
    for (const std::string* text : texts) {
        out.text(*text);
    }
    const Releases& releases = project.files.releases();
    for (const std::size_t count :
         {releases.versions().size(), releases.positions().size(), project.files.size()}) {
        out.number(static_cast<std::uint32_t>(count));
    }
    out.numbers(releases.ends());
    out.numbers(releases.positions());
    for (const packaging::Version& version : releases.versions()) {
        out.text(version.to_string());
    }
    out.numbers(begins);
    return std::move(out).finish() + std::move(files).finish();
}

std::optional<Project> unpack_project(SharedText bytes, const packaging::PackageName& name) {
    const auto page = std::make_shared<PackedPage>();
    page->bytes = std::move(bytes);
    PackedReader in(page->bytes);
    for (auto count = in.number<std::uint32_t>(); count > 0 && in.ok(); --count) {
        page->pythons.push_back(in.text());
    }
    const auto version_count = in.number<std::uint32_t>();
    const auto position_count = in.number<std::uint32_t>();
    const auto file_count = in.number<std::uint32_t>();
    std::vector<std::uint32_t> ends = in.numbers(version_count);
    std::vector<std::uint32_t> positions = in.numbers(position_count);
    std::vector<packaging::Version> versions;
    versions.reserve(ends.size());
    for (std::size_t i = 0; i < ends.size(); ++i) {
        auto version = packaging::Version::parse(in.text());
        if (!version) {
            return std::nullopt;
        }
        versions.push_back(*std::move(version));
    }
    page->begins = in.numbers(file_count);
    page->files = in.rest();
    auto releases = in.ok() ? Releases::from_parts(std::move(versions), std::move(ends),
                                                   std::move(positions), page->begins.size())
                            : std::nullopt;
    if (!releases) {
        return std::nullopt;
    }
    return Project{
        .name = name,
        .files = DistFiles(
            page->begins.size(), [page](std::size_t position) { return page->filename(position); },
            [page](std::size_t position) { return unpack_file(page->at(position), page->pythons); },
            std::move(releases))};
}

}  // namespace envpack::index
