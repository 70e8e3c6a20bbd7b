#include "envpack/base/text.hpp"
#include "envpack/pipeline/audit.hpp"
#include "report_text.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr int audit_schema = 1;
constexpr std::size_t max_notes_told = 20;
constexpr std::size_t max_finding_text = 2000;

std::string_view level_name(AuditFinding::Level level) {
    constexpr std::string_view names[] = {"error", "warning", "note"};
    return names[static_cast<std::size_t>(level)];
}

json::Value gpu_to_json(const cuda::Gpu& gpu) {
    return json::Object{{"name", gpu.name},
                        {"compute_capability", gpu.capability.to_string()},
                        {"verified", gpu.is_verified}};
}

json::Value verdicts_to_json(const std::vector<cuda::CodeVerdict>& verdicts,
                             const std::vector<cuda::Gpu>& gpus) {
    json::Array all;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        const cuda::CodeVerdict& verdict = verdicts[i];
        all.emplace_back(
            json::Object{{"gpu", gpus[i].name},
                         {"verdict", std::string(to_string(verdict.answer()))},
                         {"native", verdict.native},
                         {"ptx", verdict.compiled},
                         {"driver_too_old", verdict.driver_too_old},
                         {"none", verdict.none},
                         {"best", verdict.best},
                         {"needs_cuda", verdict.needs ? json::Value(verdict.needs->to_string())
                                                      : json::Value()}});
    }
    return all;
}

std::string_view kind_name(cuda::FatbinEntry::Kind kind) {
    constexpr std::string_view names[] = {"sass", "ptx", "lto-ir", "other"};
    return names[static_cast<std::size_t>(kind)];
}

json::Value code_to_json(const AuditedCode& file, const std::vector<cuda::Gpu>& gpus) {
    json::Array entries;
    for (const auto& [entry, count] : file.code.entries()) {
        const bool is_ptx = entry.kind == cuda::FatbinEntry::Kind::ptx;
        entries.emplace_back(json::Object{
            {"kind", kind_name(entry.kind)},
            {"target", entry.code.to_string()},
            {"isa", is_ptx ? json::Value(fmt::format("{}.{}", entry.isa_major, entry.isa_minor))
                           : json::Value()},
            {"count", count}});
    }
    return json::Object{{"file", file.file},
                        {"package", json::text_or_null(file.package)},
                        {"size", file.size},
                        {"loaded", file.is_loaded},
                        {"modules", file.code.container_count()},
                        {"code", std::move(entries)},
                        {"verdicts", verdicts_to_json(file.verdicts, gpus)}};
}

/// A row a package, a column a GPU.
std::string code_table(const AuditReport& report) {
    if (report.gpus.empty() || report.packages.empty()) {
        return {};
    }
    std::vector<std::vector<std::string>> rows{{"GPU code"}};
    for (const cuda::Gpu& gpu : report.gpus) {
        const std::string capability = gpu.capability.to_string();
        rows[0].push_back(gpu.name == capability
                              ? capability
                              : fmt::format("{} ({})", text::printable(gpu.name), capability));
    }
    for (const AuditedPackage& package : report.packages) {
        rows.push_back({package.name.empty() ? package.file : package.name});
        for (const cuda::CodeVerdict& verdict : package.verdicts) {
            rows.back().emplace_back(to_string(verdict.answer()));
        }
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t column = 0; column < row.size(); ++column) {
            std::size_t width = 0;
            for (const auto& other : rows) {
                width = std::max(width, other[column].size());
            }
            text += column + 1 == row.size() ? row[column]
                                             : fmt::format("{:<{}}  ", row[column], width);
        }
        text += '\n';
    }
    return text;
}

std::string finding_text(const AuditFinding& finding) {
    std::string who = finding.package;
    if (!finding.file.empty() && finding.rule != "audit.shipped-twice") {
        who += (who.empty() ? "" : ": ") + finding.file;
    }
    std::string text =
        fmt::format("{}: {}{}{} ({})\n", level_name(finding.level), who, who.empty() ? "" : ": ",
                    text::printable(finding.text, max_finding_text), finding.rule);
    if (!finding.fix.empty()) {
        text += fmt::format("  instead: {}\n", finding.fix);
    }
    return text;
}

}  // namespace

json::Value AuditReport::to_json() const {
    json::Value document;
    document.set("schema", audit_schema);
    document.set("source", source);
    document.set("ok", ok());
    json::Array targets;
    for (const cuda::Gpu& gpu : gpus) {
        targets.push_back(gpu_to_json(gpu));
    }
    document.set("gpus", std::move(targets));
    document.set("driver", driver ? json::Value(driver->to_string()) : json::Value());
    document.set("assumptions", json::Array(assumptions.begin(), assumptions.end()));
    document.set("binaries", binaries);
    document.set("binary_bytes", binary_bytes);
    document.set("shipped_twice", shipped_twice);
    json::Array owners;
    for (const AuditedPackage& package : packages) {
        owners.emplace_back(json::Object{{"package", json::text_or_null(package.name)},
                                         {"file", json::text_or_null(package.file)},
                                         {"verdicts", verdicts_to_json(package.verdicts, gpus)}});
    }
    document.set("packages", std::move(owners));
    json::Array files;
    for (const AuditedCode& file : code) {
        files.push_back(code_to_json(file, gpus));
    }
    document.set("files", std::move(files));
    json::Array told;
    for (const AuditFinding& finding : findings) {
        told.emplace_back(json::Object{{"level", level_name(finding.level)},
                                       {"rule", finding.rule},
                                       {"text", finding.text},
                                       {"file", json::text_or_null(finding.file)},
                                       {"package", json::text_or_null(finding.package)},
                                       {"fix", json::text_or_null(finding.fix)}});
    }
    document.set("findings", std::move(told));
    return document;
}

std::string AuditReport::to_text() const {
    std::string text = code_table(*this);
    std::size_t notes = 0;
    for (const AuditFinding& finding : findings) {
        notes += finding.level == AuditFinding::Level::note ? 1 : 0;
        if (notes <= max_notes_told) {
            text += finding_text(finding);
        }
    }
    if (notes > max_notes_told) {
        text += fmt::format("and {} more notes: --format json has them\n", notes - max_notes_told);
    }
    for (const std::string& line : assumptions) {
        text += fmt::format("assumed: {}\n", text::printable(line, max_finding_text));
    }
    text += fmt::format("{}: {} binaries, {}, of which {} have GPU code{}\n", source, binaries,
                        byte_count(binary_bytes), code.size(),
                        ok() ? "; nothing keeps it from running" : "");
    return text;
}

}  // namespace envpack::pipeline
