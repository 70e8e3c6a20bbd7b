#include "envpack/base/text.hpp"
#include "envpack/pipeline/diff.hpp"
#include "report_text.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr int diff_schema = 1;
constexpr std::size_t shown_differences = 20;

json::Value digests_json(const std::vector<Digest>& digests) {
    json::Array list;
    for (const Digest& digest : digests) {
        list.emplace_back(digest.to_string());
    }
    return list;
}

json::Value side_json(const DiffSide& side) {
    return json::Object{{"source", side.source},
                        {"digest", digest_or_null(side.digest)},
                        {"config_digest", side.config_digest.to_string()},
                        {"layers", digests_json(side.layers)},
                        {"diff_ids", digests_json(side.diff_ids)}};
}

json::Value optional_text(const std::optional<std::string>& text) {
    return text ? json::Value(*text) : json::Value();
}

/// How many of the lowest layers are the same tars.
std::size_t common_layers(const DiffReport& report) {
    const auto [a, b] = std::ranges::mismatch(report.a.diff_ids, report.b.diff_ids);
    return static_cast<std::size_t>(a - report.a.diff_ids.begin());
}

std::string section(std::string_view title, const std::vector<std::string>& lines) {
    return lines.empty() ? std::string()
                         : fmt::format("\n{}\n{}", title, bulleted(lines, shown_differences));
}

std::string config_value(const json::Value& value) {
    return value.is_null() ? "nothing" : text::printable(json::to_canonical(value), 100);
}

}  // namespace

json::Value DiffReport::to_json() const {
    json::Value document;
    document.set("schema", diff_schema);
    document.set("equal", equal());
    document.set("same_content", same_content());
    document.set("a", side_json(a));
    document.set("b", side_json(b));
    document.set("common_layers", static_cast<std::uint64_t>(common_layers(*this)));
    json::Array package_list;
    for (const PackageDifference& package : packages) {
        package_list.emplace_back(json::Object{{"name", package.name},
                                               {"a", optional_text(package.a)},
                                               {"b", optional_text(package.b)}});
    }
    document.set("packages", std::move(package_list));
    json::Array file_list;
    for (const FileDifference& file : files) {
        file_list.emplace_back(
            json::Object{{"path", file.path},
                         {"in_a", file.in_a},
                         {"in_b", file.in_b},
                         {"what", json::Array(file.what.begin(), file.what.end())}});
    }
    document.set("files", std::move(file_list));
    json::Array config_list;
    for (const ConfigDifference& setting : config) {
        config_list.emplace_back(
            json::Object{{"key", setting.key}, {"a", setting.a}, {"b", setting.b}});
    }
    document.set("config", std::move(config_list));
    return document;
}

std::string DiffReport::to_text() const {
    std::string result;
    for (const DiffSide* side : {&a, &b}) {
        result += fmt::format("{}  {}\n    config {}, {} layers\n", side == &a ? "a" : "b",
                              side->source, side->config_digest.to_string(), side->layers.size());
        if (side->digest) {
            result += fmt::format("    digest {}\n", side->digest->to_string());
        }
    }
    if (equal()) {
        return result + "the images are equal\n";
    }
    result += fmt::format("the lowest {} layers are the same\n", common_layers(*this));
    if (same_content()) {
        result += "packages, files and config are the same: the images are packed differently\n";
    }
    std::vector<std::string> lines;
    for (const PackageDifference& package : packages) {
        lines.push_back(fmt::format("{}: {} -> {}", text::printable(package.name),
                                    text::printable(package.a.value_or("nothing")),
                                    text::printable(package.b.value_or("nothing"))));
    }
    result += section("packages", lines);
    lines.clear();
    for (const ConfigDifference& setting : config) {
        lines.push_back(fmt::format("{}: {} -> {}", text::printable(setting.key),
                                    config_value(setting.a), config_value(setting.b)));
    }
    result += section("config", lines);
    lines.clear();
    for (const FileDifference& file : files) {
        const std::string path = text::printable("/" + file.path);
        lines.push_back(!file.in_a   ? "+ " + path
                        : !file.in_b ? "- " + path
                                     : fmt::format("  {} ({})", path, text::join(file.what, ", ")));
    }
    return result + section("files", lines);
}

}  // namespace envpack::pipeline
