#include "record_csv.hpp"

#include <algorithm>
#include <utility>

namespace envpack::packaging {
namespace {

Error bad_csv(std::string_view problem, std::size_t line) {
    std::string message = "RECORD is no CSV: ";
    message.append(problem).append(" (line ").append(std::to_string(line)).append(")");
    return Error(ErrorCode::parse_error, std::move(message)).with_rule("record.csv");
}

}  // namespace

Result<std::string> CsvReader::next_cell() {
    if (!rest_.starts_with('"')) {
        // By hand: find_first_of() makes a call for every character.
        const auto end = std::find_if(rest_.begin(), rest_.end(),
                                      [](char c) { return c == ',' || c == '\r' || c == '\n'; });
        std::string cell(rest_.begin(), end);
        rest_.remove_prefix(cell.size());
        return cell;
    }
    const std::size_t first_line = line_;
    std::string cell;
    rest_.remove_prefix(1);
    for (;;) {
        const std::size_t quote = rest_.find('"');
        if (quote == std::string_view::npos) {
            return fail(bad_csv("a quote is not closed", first_line));
        }
        const std::string_view piece = rest_.substr(0, quote);
        line_ += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
        cell.append(piece);
        rest_.remove_prefix(quote + 1);
        if (!rest_.starts_with('"')) {
            break;
        }
        cell.push_back('"');
        rest_.remove_prefix(1);
    }
    if (!rest_.empty() && rest_.find_first_of(",\r\n") != 0) {
        return fail(bad_csv("text follows a closing quote", line_));
    }
    return cell;
}

Result<CsvRow> CsvReader::next() {
    CsvRow row{.cells = {}, .line = line_};
    for (;;) {
        ENVPACK_TRY(std::string cell, next_cell());
        row.cells.push_back(std::move(cell));
        if (!rest_.starts_with(',')) {
            break;
        }
        rest_.remove_prefix(1);
    }
    if (!rest_.empty()) {
        rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : 1);
        ++line_;
    }
    return row;
}

void append_csv_cell(std::string_view cell, std::string& out) {
    if (std::none_of(cell.begin(), cell.end(),
                     [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; })) {
        out.append(cell);
        return;
    }
    out.push_back('"');
    for (const char c : cell) {
        out.append(c == '"' ? 2 : 1, c);
    }
    out.push_back('"');
}

}  // namespace envpack::packaging
