#include "envpack/env/installed_record.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/record.hpp"
#include "installed_files.hpp"
#include "tree_text.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace envpack::env {
namespace {

Result<Digest> digest_of_file(const archive::FileTree& tree, const InstalledFile& file,
                              const RunContext& run) {
    if (file.info.sha256) {
        return *file.info.sha256;
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> content, tree.open(file.path));
    return Digest::of(*content, run);
}

/// What is wrong with the file of one row.
Result<std::optional<RecordMismatch>> check_row(const archive::FileTree& tree,
                                                const SafePath& folder,
                                                const packaging::RecordRow& row,
                                                const RunContext& run) {
    const std::string shown = text::printable(row.path);
    ENVPACK_TRY(const auto file, find_installed_file(tree, folder, row.path));
    const auto mismatch = [&](std::string_view rule, std::string message) {
        return std::optional(RecordMismatch{.rule = std::string(rule),
                                            .path = row.path,
                                            .message = std::move(message),
                                            .layer = file ? file->info.layer : std::nullopt});
    };
    if (!file) {
        if (row.path.ends_with(".pyc")) {
            return std::optional<RecordMismatch>();
        }
        return mismatch("record.no-file", fmt::format("`{}` is not there", shown));
    }
    if (!row.sha256 && !row.size) {
        return std::optional<RecordMismatch>();
    }
    if (file->info.type != archive::FileType::regular) {
        return mismatch("record.no-regular", fmt::format("`{}` is no file", shown));
    }
    if (row.size && *row.size != file->info.size) {
        return mismatch("record.size", fmt::format("`{}` has {} bytes, RECORD says {}", shown,
                                                   file->info.size, *row.size));
    }
    if (row.sha256) {
        ENVPACK_TRY(const Digest actual, digest_of_file(tree, *file, run));
        if (actual != *row.sha256) {
            return mismatch("record.hash-mismatch",
                            fmt::format("`{}` has {}, RECORD says {}", shown, actual.to_string(),
                                        row.sha256->to_string()));
        }
    }
    return std::optional<RecordMismatch>();
}

}  // namespace

Result<std::vector<RecordMismatch>> check_installed_record(const archive::FileTree& tree,
                                                           const SafePath& dist_info,
                                                           const Limits& limits,
                                                           const RunContext& run) {
    ENVPACK_TRY(const std::string text,
                archive::read_file(tree, dist_info / "RECORD", limits.max_record));
    const Result<packaging::Record> record = packaging::Record::read(text, limits);
    std::vector<RecordMismatch> mismatches;
    if (!record) {
        if (!is_fault_of_text(record.error())) {
            return fail(record.error());
        }
        mismatches.push_back({.rule = std::string(record.error().rule()),
                              .path = {},
                              .message = std::string(record.error().message())});
        return mismatches;
    }
    for (const packaging::RecordProblem& problem : record->problems) {
        mismatches.push_back(
            {.rule = problem.rule,
             .path = {},
             .message = fmt::format("line {}: {}", problem.line, problem.message)});
    }
    ENVPACK_TRY(const auto folder, archive::resolve(tree, dist_info.parent()));
    for (const packaging::RecordRow& row : record->rows) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(auto mismatch, check_row(tree, folder.value_or(SafePath()), row, run));
        if (mismatch) {
            mismatches.push_back(*std::move(mismatch));
        }
    }
    return mismatches;
}

}  // namespace envpack::env
