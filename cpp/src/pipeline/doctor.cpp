#include "envpack/pipeline/doctor.hpp"

#include "doctor_host.hpp"
#include "envpack/archive/disk_tree.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

namespace envpack::pipeline {

bool DoctorReport::ok() const noexcept {
    return std::ranges::none_of(checks, [](const DoctorCheck& check) {
        return check.status == DoctorCheck::Status::problem;
    });
}

const DoctorCheck* DoctorReport::find(std::string_view id) const noexcept {
    const auto found = std::ranges::find(checks, id, &DoctorCheck::id);
    return found == checks.end() ? nullptr : &*found;
}

Result<void> examine(DoctorHost& host, DoctorReport& report, const DoctorOptions& options) {
    // In the order in which one fault is the reason of the next.
    check_surroundings(host, report);
    check_hardware(host, report);
    check_kernel_driver(host, report);
    check_device_nodes(host, report);
    ENVPACK_CHECK(check_driver_libraries(host, report, options));
    check_fabric_manager(host, report);
    check_visibility(host, report);
    ENVPACK_CHECK(host.run.check());
    ENVPACK_CHECK(check_cuda_toolkit(host, report));
    check_container_toolkit(host, report);
    check_podman_files(host, report);
    check_cdi(host, report);
    check_docker(host, report);
    check_podman(host, report);
    check_apptainer(host, report);
    check_enroot(host, report);
    check_security(host, report);
    ENVPACK_CHECK(host.run.check());
    return check_probe(host, report, options);
}

Result<DoctorReport> doctor(const DoctorOptions& options, const UserConfig& user,
                            const RunContext& run) {
    std::error_code failed;
    if (!std::filesystem::is_directory(options.root, failed)) {
        return fail(
            Error(ErrorCode::not_found, fmt::format("`{}` is no folder", options.root.string()))
                .with_path(options.root.string()));
    }
    const archive::DiskTree files(options.root);
    const bool is_this_machine = options.root.lexically_normal() == "/";
    UserConfig environment = user;
    if (!is_this_machine) {
        std::erase_if(environment.environment,
                      [](const auto& variable) { return variable.first != "HOME"; });
    }
    DoctorHost host(files, environment, this_user(), run);
    host.is_this_machine = is_this_machine;
    DoctorReport report{.root = options.root.string()};
    ENVPACK_CHECK(examine(host, report, options));
    return report;
}

}  // namespace envpack::pipeline
