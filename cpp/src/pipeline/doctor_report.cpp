#include "envpack/base/text.hpp"
#include "envpack/pipeline/doctor.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr int doctor_schema = 1;

template <class Version>
json::Value version_or_null(const std::optional<Version>& version) {
    return version ? json::Value(version->to_string()) : json::Value();
}

}  // namespace

std::string_view to_string(DoctorCheck::Status status) noexcept {
    constexpr std::string_view names[] = {"ok", "warning", "problem", "absent"};
    return names[static_cast<std::size_t>(status)];
}

json::Value DoctorReport::to_json() const {
    json::Value document;
    document.set("schema", doctor_schema);
    document.set("root", root);
    document.set("ok", ok());
    document.set("container", json::text_or_null(container));
    document.set("driver", version_or_null(driver));
    document.set("cuda", version_or_null(cuda));
    json::Array devices;
    for (const DoctorGpu& gpu : gpus) {
        devices.emplace_back(
            json::Object{{"name", gpu.name},
                         {"uuid", json::text_or_null(gpu.uuid)},
                         {"compute_capability", version_or_null(gpu.capability)},
                         {"from_table", gpu.is_from_table},
                         {"memory", gpu.memory == 0 ? json::Value() : json::Value(gpu.memory)}});
    }
    document.set("gpus", std::move(devices));
    json::Array computed;
    for (const ProbedGpu& gpu : probed) {
        computed.emplace_back(json::Object{{"name", gpu.name},
                                           {"uuid", json::text_or_null(gpu.uuid)},
                                           {"ok", gpu.ok},
                                           {"error", json::text_or_null(gpu.error)}});
    }
    document.set("probed", std::move(computed));
    json::Array rows;
    for (const DoctorCheck& check : checks) {
        rows.emplace_back(json::Object{{"id", check.id},
                                       {"status", to_string(check.status)},
                                       {"text", check.text},
                                       {"fix", json::text_or_null(check.fix)}});
    }
    document.set("checks", std::move(rows));
    return document;
}

std::string DoctorReport::to_text() const {
    std::size_t width = 0;
    std::size_t warnings = 0;
    std::size_t problems = 0;
    for (const DoctorCheck& check : checks) {
        width = std::max(width, check.id.size());
        warnings += check.status == DoctorCheck::Status::warning ? 1 : 0;
        problems += check.status == DoctorCheck::Status::problem ? 1 : 0;
    }
    std::string text;
    for (const DoctorCheck& check : checks) {
        text +=
            fmt::format("{:7}  {:{}}  {}\n", to_string(check.status), check.id, width, check.text);
        if (!check.fix.empty()) {
            text += fmt::format("{:7}  {:{}}    fix: {}\n", "", "", width, check.fix);
        }
    }
    for (std::size_t i = 0; i < probed.size(); ++i) {
        text += fmt::format("GPU {}: {}: {}\n", i, probed[i].name,
                            probed[i].ok ? "computes" : probed[i].error);
    }
    const auto count = [](std::size_t number, std::string_view what) {
        return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
    };
    text += fmt::format("{}, {}\n", count(problems, "problem"), count(warnings, "warning"));
    return text;
}

}  // namespace envpack::pipeline
