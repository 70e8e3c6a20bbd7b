// The CUDA probe (cpp/cuda-probe): a program of its own, since it has CUDA's runtime inside.

#include "doctor_host.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/process.hpp"
#include "envpack/base/text.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

constexpr std::string_view probe_id = "gpu-probe";
constexpr std::size_t max_probe_output = std::size_t{1} << 20;
constexpr int probe_found_no_gpu = 4;  // its exit status, see probe.cu

std::string text_at(const json::Value& object, std::string_view key) {
    const json::Value* const value = object.find(key);
    return value != nullptr && value->as_string() ? text::printable(*value->as_string())
                                                  : std::string();
}

/// The rows of the probe's document; nothing where it is none.
std::vector<ProbedGpu> probed_gpus(const json::Value& document) {
    std::vector<ProbedGpu> gpus;
    const json::Value* const rows = document.find("gpus");
    const json::Array* const all = rows == nullptr ? nullptr : rows->as_array();
    for (std::size_t i = 0; all != nullptr && i < all->size(); ++i) {
        const json::Value& row = (*all)[i];
        const json::Value* const ok = row.find("ok");
        gpus.push_back({.name = text_at(row, "name"),
                        .uuid = text_at(row, "uuid"),
                        .ok = ok != nullptr && ok->as_bool() && *ok->as_bool(),
                        .error = text_at(row, "error")});
    }
    return gpus;
}

void report_probed(DoctorReport& report) {
    std::string faults;
    for (std::size_t i = 0; i < report.probed.size(); ++i) {
        const ProbedGpu& gpu = report.probed[i];
        if (!gpu.ok) {
            faults += fmt::format("{}GPU {} ({}): {}", faults.empty() ? "" : "; ", i, gpu.name,
                                  gpu.error);
        }
    }
    if (faults.empty()) {
        add_check(report, probe_id, Status::ok,
                  fmt::format("{} GPUs compute what the processor does", report.probed.size()));
    } else {
        add_check(report, probe_id, Status::problem, faults,
                  "the checks above may say why; else nvidia-smi -q, and dmesg | grep Xid");
    }
}

}  // namespace

Result<void> check_probe(DoctorHost& host, DoctorReport& report, const DoctorOptions& options) {
    if (!options.probe) {
        add_check(report, probe_id, Status::absent, "not asked for: --probe computes on every GPU");
        return {};
    }
    constexpr double longer = 4;
    auto output = run_process({.arguments = {options.probe->string()},
                               .max_output = max_probe_output,
                               .timeout_seconds = options.timeout_seconds * longer},
                              host.run);
    if (!output) {
        if (output.error().code() != ErrorCode::limit_exceeded) {
            return fail(std::move(output).error());
        }
        add_check(report, probe_id, Status::problem,
                  fmt::format("the probe {}", output.error().message()),
                  "dmesg | grep -e NVRM -e Xid says why");
        return {};
    }
    const auto document = json::parse(output->standard_output);
    const std::string error =
        document ? text_at(*document, "error") : text::printable(output->standard_error);
    if (document) {
        report.probed = probed_gpus(*document);
    }
    if (output->exit_status == probe_found_no_gpu && report.probed.empty()) {
        const bool is_wrong = options.gpu || !report.gpus.empty();
        add_check(report, probe_id, is_wrong ? Status::problem : Status::absent,
                  "the probe found no GPU: " + error,
                  is_wrong ? "the checks above say what is missing" : "");
    } else if (report.probed.empty()) {
        add_check(report, probe_id, Status::problem,
                  fmt::format("the probe ended with {} and told nothing: {}", output->exit_status,
                              error));
    } else {
        report_probed(report);
    }
    return {};
}

}  // namespace envpack::pipeline
