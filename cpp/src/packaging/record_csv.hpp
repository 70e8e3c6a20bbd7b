#pragma once

#include "envpack/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

struct CsvRow {
    std::vector<std::string> cells = {};
    std::size_t line = 0;  ///< where it begins, from 1
};

/// The dialect of Python's csv.reader with its defaults (PEP 376): commas, cells in double quotes
/// where needed, a quote inside doubled, rows end with LF, CRLF or CR. One thread.
class CsvReader {
public:
    explicit CsvReader(std::string_view text) noexcept : rest_(text) {}
    bool at_end() const noexcept { return rest_.empty(); }
    /// parse_error (record.csv) for a quote that is not closed or followed by text.
    Result<CsvRow> next();

private:
    Result<std::string> next_cell();
    std::string_view rest_;
    std::size_t line_ = 1;
};

/// `cell`, in quotes where the reader needs them.
void append_csv_cell(std::string_view cell, std::string& out);

}  // namespace envpack::packaging
