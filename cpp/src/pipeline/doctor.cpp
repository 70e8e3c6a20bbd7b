#include "envpack/pipeline/doctor.hpp"

#include "doctor_host.hpp"
#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

std::vector<std::uint64_t> groups_of_process() {
    std::array<gid_t, 256> groups{};
    const int count = getgroups(static_cast<int>(groups.size()), groups.data());
    std::vector<std::uint64_t> gids{getegid()};
    for (int i = 0; i < count; ++i) {
        gids.push_back(groups[static_cast<std::size_t>(i)]);
    }
    return gids;
}

}  // namespace

bool DoctorReport::ok() const noexcept {
    return std::ranges::none_of(checks, [](const DoctorCheck& check) {
        return check.status == DoctorCheck::Status::problem;
    });
}

const DoctorCheck* DoctorReport::find(std::string_view id) const noexcept {
    const auto found = std::ranges::find(checks, id, &DoctorCheck::id);
    return found == checks.end() ? nullptr : &*found;
}

Result<DoctorReport> examine(const DoctorMachine& machine, const DoctorOptions& options,
                             const RunContext& run) {
    DoctorHost host(machine, run);
    DoctorReport report{.root = text::printable(options.root.string(), Limits{}.max_path)};
    // In the order in which one fault is the reason of the next.
    check_surroundings(host, report);
    check_hardware(host, report);
    check_kernel_driver(host, report);
    check_device_nodes(host, report);
    ENVPACK_CHECK(check_driver_libraries(host, report, options));
    check_fabric_manager(host, report);
    check_visibility(host, report);
    ENVPACK_CHECK(run.check());
    ENVPACK_CHECK(check_cuda_toolkit(host, report));
    check_container_toolkit(host, report);
    check_podman_files(host, report);
    check_cdi(host, report);
    check_docker(host, report);
    check_podman(host, report);
    check_apptainer(host, report);
    check_enroot(host, report);
    check_security(host, report);
    ENVPACK_CHECK(run.check());
    ENVPACK_CHECK(check_probe(host, report, options));
    return report;
}

Result<DoctorReport> doctor(const DoctorOptions& options, const UserConfig& user,
                            const RunContext& run) {
    std::error_code failed;
    if (!std::filesystem::is_directory(options.root, failed)) {
        return fail(
            Error(ErrorCode::not_found, fmt::format("`{}` is no folder", options.root.string()))
                .with_path(options.root.string()));
    }
    DoctorMachine machine{.files = std::make_shared<archive::DiskTree>(options.root),
                          .user = user,
                          .uid = geteuid(),
                          .gids = groups_of_process(),
                          .is_mounted = options.root.lexically_normal() != "/"};
    if (machine.is_mounted) {
        std::erase_if(machine.user.environment,
                      [](const auto& variable) { return variable.first != "HOME"; });
    } else {
        machine.libraries = cuda::host_libraries();
    }
    return examine(machine, options, run);
}

}  // namespace envpack::pipeline
