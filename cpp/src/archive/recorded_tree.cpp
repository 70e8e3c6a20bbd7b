#include "envpack/archive/recorded_tree.hpp"

#include "envpack/archive/content.hpp"
#include "envpack/base/packed.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>

// The number of rows; the rows, by folder and then by name, so that what a folder holds is in one
// place; the texts that they point into: path, link target and bytes of a file, one after the
// other.

namespace envpack::archive {
namespace {

constexpr std::uint64_t max_kept = 16u << 20;
constexpr std::uint32_t absent = std::numeric_limits<std::uint32_t>::max();

}  // namespace

struct RecordedTree::Place {
    std::string_view folder;
    std::string_view name;

    explicit Place(std::string_view path) {
        const std::size_t slash = path.rfind('/');
        folder = path.substr(0, slash == std::string_view::npos ? 0 : slash);
        name = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
    }
    Place(std::string_view in, std::string_view called) : folder(in), name(called) {}
    friend auto operator<=>(const Place&, const Place&) = default;
};

struct RecordedTree::Row {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::int64_t mtime = 0;
    std::uint32_t path_size = 0;
    std::uint32_t link_size = 0;
    std::uint32_t kept_size = absent;
    std::uint32_t mode = 0;
    std::uint32_t layer = absent;
    std::uint32_t type = 0;
};

Result<std::string> record_of_tree(const FileTree& tree, const CaptureFilter& keep,
                                   const RunContext& run, std::uint64_t max_file) {
    using Row = RecordedTree::Row;
    std::vector<Row> rows;
    std::string texts;
    std::uint64_t kept = 0;
    const auto add = [&](const SafePath& path, const FileInfo& info) -> Result<void> {
        Row row{.offset = texts.size(),
                .size = info.size,
                .uid = info.uid,
                .gid = info.gid,
                .mtime = info.mtime,
                .path_size = static_cast<std::uint32_t>(path.str().size()),
                .link_size = static_cast<std::uint32_t>(info.link_target.size()),
                .mode = info.mode,
                .layer = info.layer ? static_cast<std::uint32_t>(*info.layer) : absent,
                .type = static_cast<std::uint32_t>(info.type)};
        texts += path.str();
        texts += info.link_target;
        if (info.type == FileType::regular && info.size <= max_file &&
            kept + info.size <= max_kept && keep(path, info)) {
            ENVPACK_TRY(const std::string bytes, read_file(tree, path, max_file));
            row.kept_size = static_cast<std::uint32_t>(bytes.size());
            kept += bytes.size();
            texts += bytes;
        }
        rows.push_back(row);
        return {};
    };
    ENVPACK_TRY(const auto root, tree.lookup(SafePath()));
    if (root) {
        ENVPACK_CHECK(add(SafePath(), *root));
    }
    ENVPACK_CHECK(walk_tree(tree, add, run));
    const auto place = [&](const Row& row) {
        return RecordedTree::Place(
            std::string_view(texts).substr(static_cast<std::size_t>(row.offset), row.path_size));
    };
    std::sort(rows.begin(), rows.end(),
              [&](const Row& a, const Row& b) { return place(a) < place(b); });
    PackedWriter record;
    record.number(static_cast<std::uint64_t>(rows.size()));
    for (const Row& row : rows) {
        record.number(row);
    }
    return std::move(record).finish() + texts;
}

RecordedTree::RecordedTree(SharedText record, std::size_t count,
                           std::function<Result<TreePtr>()> read)
    : record_(std::move(record)), count_(count), read_(std::move(read)) {}

std::unique_ptr<const RecordedTree> RecordedTree::make(SharedText record,
                                                       std::function<Result<TreePtr>()> read) {
    PackedReader in(record.view());
    const auto count = in.number<std::uint64_t>();
    if (!in.ok() || count > in.left() / sizeof(Row)) {
        return nullptr;
    }
    return std::unique_ptr<const RecordedTree>(
        new RecordedTree(std::move(record), static_cast<std::size_t>(count), std::move(read)));
}

RecordedTree::Row RecordedTree::row(std::size_t index) const {
    Row row;
    std::memcpy(&row, record_.view().data() + sizeof(std::uint64_t) + index * sizeof(Row),
                sizeof row);
    return row;
}

std::string_view RecordedTree::text(const Row& row, std::size_t offset, std::size_t size) const {
    const std::string_view texts =
        record_.view().substr(sizeof(std::uint64_t) + count_ * sizeof(Row));
    const std::uint64_t begin = row.offset + offset;
    return begin <= texts.size() && size <= texts.size() - begin
               ? texts.substr(static_cast<std::size_t>(begin), size)
               : std::string_view();
}

std::size_t RecordedTree::lower_bound(const Place& place) const {
    std::size_t first = 0;
    for (std::size_t rest = count_; rest > 0;) {
        const std::size_t half = rest / 2;
        const Row middle = row(first + half);
        if (Place(text(middle, 0, middle.path_size)) < place) {
            first += half + 1;
            rest -= half + 1;
        } else {
            rest = half;
        }
    }
    return first;
}

std::optional<RecordedTree::Row> RecordedTree::find(std::string_view path) const {
    const std::size_t at = lower_bound(Place(path));
    // The root and what lies in it are in the same place: the folder of both is empty.
    if (at == count_) {
        return std::nullopt;
    }
    Row found = row(at);
    return text(found, 0, found.path_size) == path ? std::optional(found) : std::nullopt;
}

Result<std::optional<FileInfo>> RecordedTree::lookup(const SafePath& path) const {
    const std::optional<Row> row = find(path.str());
    if (!row) {
        return std::optional<FileInfo>();
    }
    FileInfo info{.type = static_cast<FileType>(row->type),
                  .size = row->size,
                  .mode = row->mode,
                  .uid = row->uid,
                  .gid = row->gid,
                  .mtime = row->mtime,
                  .link_target = std::string(text(*row, row->path_size, row->link_size))};
    if (row->layer != absent) {
        info.layer = row->layer;
    }
    return std::optional(std::move(info));
}

Result<std::vector<std::string>> RecordedTree::list(const SafePath& path) const {
    const std::optional<Row> folder = find(path.str());
    if (!folder || static_cast<FileType>(folder->type) != FileType::directory) {
        return fail(ErrorCode::not_found, fmt::format("`{}` is no directory", path.str()));
    }
    std::vector<std::string> names;
    for (std::size_t i = lower_bound(Place(path.str(), "")); i < count_; ++i) {
        const Row entry = row(i);
        const Place place(text(entry, 0, entry.path_size));
        if (place.folder != path.str()) {
            break;
        }
        if (!place.name.empty()) {  // the root itself
            names.emplace_back(place.name);
        }
    }
    return names;
}

Result<std::unique_ptr<ByteSource>> RecordedTree::open(const SafePath& path) const {
    const std::optional<Row> row = find(path.str());
    if (!row || static_cast<FileType>(row->type) != FileType::regular) {
        return fail(ErrorCode::not_found, fmt::format("`{}` is no regular file", path.str()));
    }
    if (row->kept_size != absent) {
        return Content::of_text(
                   std::string(text(*row, row->path_size + row->link_size, row->kept_size)))
            .open();
    }
    const std::lock_guard lock(mutex_);
    if (tree_ == nullptr) {
        ENVPACK_TRY(tree_, read_());
    }
    return tree_->open(path);
}

}  // namespace envpack::archive
