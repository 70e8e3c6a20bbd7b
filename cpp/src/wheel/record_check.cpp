#include "record_check.hpp"

#include "content_text.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/record.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {
namespace {

WheelFile* find_file(std::vector<WheelFile>& files, const SafePath& path) {
    const auto found = std::ranges::lower_bound(files, path, {}, &WheelFile::path);
    return found != files.end() && found->path == path ? &*found : nullptr;
}

Result<void> attach_row(WheelFile& file, const packaging::RecordRow& row) {
    if (row.size && *row.size != file.content.size()) {
        return refuse("record.size", fmt::format("RECORD says that `{}` has {} bytes; it has {}",
                                                 row.path, *row.size, file.content.size()));
    }
    file.sha256 = row.sha256;
    return {};
}

}  // namespace

bool is_record_or_signature(const SafePath& path, const SafePath& dist_info) noexcept {
    const std::string_view name = path.name();
    return (name == "RECORD" || name == "RECORD.jws" || name == "RECORD.p7s") &&
           path.parent() == dist_info;
}

Result<std::size_t> attach_record(std::vector<WheelFile>& files, const SafePath& dist_info,
                                  const Limits& limits) {
    const SafePath record_path = dist_info / "RECORD";
    const WheelFile* const record_file = find_file(files, record_path);
    if (record_file == nullptr) {
        return refuse("record.missing", "the wheel has no RECORD");
    }
    ENVPACK_TRY(const std::string text,
                read_text(record_path, record_file->content, std::nullopt, limits.max_record));
    ENVPACK_TRY(const packaging::Record record, packaging::Record::parse(text, limits));
    std::vector<bool> is_listed(files.size(), false);
    std::size_t without_hash = 0;
    for (const packaging::RecordRow& row : record.rows) {
        const auto path = SafePath::parse(row.path, limits);
        if (!path) {
            return refuse("record.path", fmt::format("RECORD has a row for `{}`, which is no plain "
                                                     "path inside the wheel",
                                                     text::printable(row.path)));
        }
        WheelFile* const file = find_file(files, *path);
        if (file == nullptr) {
            return refuse("record.no-file",
                          fmt::format("RECORD lists `{}`, which the wheel does not have",
                                      text::printable(row.path)));
        }
        is_listed[static_cast<std::size_t>(file - files.data())] = true;
        if (is_record_or_signature(*path, dist_info)) {
            continue;  // nothing that RECORD could say of these is meant to be checked
        }
        ENVPACK_CHECK(attach_row(*file, row));
        without_hash += file->sha256 ? 0 : 1;
    }
    for (std::size_t index = 0; index < files.size(); ++index) {
        const SafePath& path = files[index].path;
        if (!is_listed[index] && !is_record_or_signature(path, dist_info)) {
            return refuse("record.not-listed",
                          fmt::format("RECORD does not list `{}`", path.str()));
        }
    }
    return without_hash;
}

}  // namespace envpack::wheel
