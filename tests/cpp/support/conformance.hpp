#pragma once

#include "envpack/base/file.hpp"
#include "envpack/base/json.hpp"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

// Inputs with known answers that are kept outside the project: the folder that ENVPACK_CONFORMANCE
// names, by default ../shared/conformance seen from the project root.

namespace envpack::support {

inline std::filesystem::path conformance_folder() {
    if (const char* const folder = std::getenv("ENVPACK_CONFORMANCE")) {
        return folder;
    }
    // tests/cpp/support/conformance.hpp
    const auto root = std::filesystem::path(__FILE__).parent_path() / "../../..";
    return root.lexically_normal() / "../shared/conformance";
}

/// "conformance data not found at …": the reason to skip; empty when the folder is there.
inline std::string conformance_missing() {
    const auto folder = conformance_folder();
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) {
        return {};
    }
    return "conformance data not found at " + folder.lexically_normal().string() +
           " (set ENVPACK_CONFORMANCE)";
}

/// The `cases` of a file such as `pep440/versions_ordered.json`.
inline json::Array conformance_cases(std::string_view file) {
    const auto text = read_file(conformance_folder() / file, std::size_t{64} << 20);
    if (!text) {
        ADD_FAILURE() << text.error().render();
        return {};
    }
    auto document = json::parse(*text);
    if (!document) {
        ADD_FAILURE() << file << ": " << document.error().render();
        return {};
    }
    const auto cases = json::array_at(*document, "cases");
    if (!cases) {
        ADD_FAILURE() << file << ": " << cases.error().render();
        return {};
    }
    return **cases;
}

/// Counts the cases of one file and fails the test with the first few that went wrong.
class ConformanceReport {
public:
    explicit ConformanceReport(std::string file) : file_(std::move(file)) {}
    ConformanceReport(const ConformanceReport&) = delete;
    ConformanceReport& operator=(const ConformanceReport&) = delete;

    void expect(bool passed, const json::Value& test_case) {
        ++total_;
        if (!passed) {
            failed_.push_back(json::to_canonical(test_case));
        }
    }

    ~ConformanceReport() {
        std::cout << file_ << ": " << total_ - failed_.size() << " / " << total_ << " passed\n";
        EXPECT_GT(total_, 0u) << file_ << " has no cases";
        for (std::size_t i = 0; i < failed_.size() && i < 20; ++i) {
            ADD_FAILURE() << file_ << ": " << failed_[i];
        }
    }

private:
    std::string file_;
    std::size_t total_ = 0;
    std::vector<std::string> failed_;
};

}  // namespace envpack::support
