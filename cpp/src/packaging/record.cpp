#include "envpack/packaging/record.hpp"

#include "envpack/base/text.hpp"
#include "record_csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace envpack::packaging {
namespace {

// hashlib.algorithms_guaranteed without those that PEP 427 forbids and without sha256 itself.
constexpr std::array<std::string_view, 9> other_algorithms = {"sha384",    "sha512",   "sha3_224",
                                                              "sha3_256",  "sha3_384", "sha3_512",
                                                              "shake_128", "blake2b",  "blake2s"};
constexpr std::array<std::string_view, 3> weak_algorithms = {"md5", "sha1", "sha224"};

template <std::size_t n>
bool contains(const std::array<std::string_view, n>& list, std::string_view item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

class RecordReader {
public:
    explicit RecordReader(Record& record) : record_(record) {}

    void read(CsvRow row) {
        if (row.cells.size() == 1 && row.cells.front().empty()) {
            return;  // a blank line
        }
        line_ = row.line;
        if (row.cells.size() != 3) {
            problem("record.bad-row", "a row of RECORD has not three columns");
            row.cells.resize(3);
        }
        path_ = std::move(row.cells[0]);
        if (path_.empty()) {
            problem("record.empty-path", "a row of RECORD names no file");
            return;
        }
        if (!seen_.insert(path_).second) {
            problem("record.duplicate-row", "RECORD has two rows for `" + shown() + "`");
            return;
        }
        RecordRow result;
        read_hash(row.cells[1], result);
        read_size(row.cells[2], result);
        result.path = std::move(path_);
        record_.rows.push_back(std::move(result));
    }

private:
    void problem(std::string rule, std::string message) {
        record_.problems.push_back({std::move(rule), std::move(message), line_});
    }
    std::string shown() const { return text::printable(path_); }

    void read_hash(std::string_view cell, RecordRow& result) {
        if (cell.empty()) {
            return;
        }
        const std::size_t equals = cell.find('=');
        const std::string_view algorithm = cell.substr(0, equals);
        if (equals == std::string_view::npos) {
            problem("record.bad-hash", "the hash of `" + shown() + "` is not `algorithm=digest`");
        } else if (algorithm == "sha256") {
            read_sha256(cell.substr(equals + 1), result);
        } else if (contains(weak_algorithms, algorithm)) {
            problem("record.weak-hash", "the hash of `" + shown() + "` is " +
                                            std::string(algorithm) + ", which protects nothing");
        } else if (contains(other_algorithms, algorithm)) {
            result.other_hash = true;
        } else {
            problem("record.bad-hash", "the hash of `" + shown() + "` has the unknown algorithm `" +
                                           text::printable(algorithm, 40) + "`");
        }
    }

    void read_sha256(std::string_view digest, RecordRow& result) {
        if (auto plain = Digest::parse_base64url(digest)) {
            result.sha256 = *plain;
        } else if (auto padded = Digest::parse_base64url(digest.substr(0, digest.find('=')))) {
            result.sha256 = *padded;
            problem("record.padded-hash", "the hash of `" + shown() + "` is padded");
        } else if (auto hexadecimal = Digest::parse_hex(digest)) {
            result.sha256 = *hexadecimal;
            problem("record.hex-hash",
                    "the hash of `" + shown() + "` is hexadecimal instead of urlsafe base64");
        } else {
            problem("record.bad-hash", "the hash of `" + shown() + "` is no sha256 in base64");
        }
    }

    void read_size(std::string_view cell, RecordRow& result) {
        if (cell.empty()) {
            return;
        }
        std::uint64_t size = 0;
        const char* const end = cell.data() + cell.size();
        const auto [rest, failure] = std::from_chars(cell.data(), end, size);
        if (failure != std::errc{} || rest != end) {
            problem("record.bad-size", "the size of `" + shown() + "` is no number");
            return;
        }
        result.size = size;
    }

    Record& record_;
    std::unordered_set<std::string> seen_ = {};
    std::string path_ = {};
    std::size_t line_ = 0;
};

}  // namespace

Result<Record> Record::read(std::string_view text, const Limits& limits) {
    if (text.size() > limits.max_record) {
        return fail(ErrorCode::limit_exceeded, "RECORD of " + std::to_string(text.size()) +
                                                   " bytes is over the limit of " +
                                                   std::to_string(limits.max_record));
    }
    Record record;
    RecordReader reader(record);
    CsvReader csv(text);
    for (std::uint64_t count = 0; !csv.at_end(); ++count) {
        if (count == limits.max_entries) {
            return fail(ErrorCode::limit_exceeded,
                        "RECORD has more than " + std::to_string(limits.max_entries) + " rows");
        }
        ENVPACK_TRY(CsvRow row, csv.next());
        reader.read(std::move(row));
    }
    return record;
}

Result<Record> Record::parse(std::string_view text, const Limits& limits) {
    ENVPACK_TRY(Record record, read(text, limits));
    if (!record.problems.empty()) {
        RecordProblem& first = record.problems.front();
        return fail(Error(ErrorCode::parse_error,
                          first.message + " (line " + std::to_string(first.line) + ")")
                        .with_rule(std::move(first.rule)));
    }
    return record;
}

std::string Record::to_string() const {
    std::vector<const RecordRow*> sorted;
    sorted.reserve(rows.size());
    for (const RecordRow& row : rows) {
        sorted.push_back(&row);
    }
    std::sort(sorted.begin(), sorted.end(),
              [](const RecordRow* a, const RecordRow* b) { return a->path < b->path; });
    std::string text;
    for (const RecordRow* row : sorted) {
        append_csv_cell(row->path, text);
        text += ',';
        if (row->sha256) {
            text.append("sha256=").append(row->sha256->base64url());
        }
        text += ',';
        if (row->size) {
            text += std::to_string(*row->size);
        }
        text += '\n';
    }
    return text;
}

}  // namespace envpack::packaging
