#include "doctor_host.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr std::size_t max_check_text = 600;

/// Where programs are that a user's PATH may lack; the toolkit of the GPU Operator is in the last.
constexpr std::array<std::string_view, 8> program_folders{
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin",
    "/sbin",           "/bin",           "/snap/bin", "/usr/local/nvidia/toolkit"};

}  // namespace

HostText DoctorHost::read(const std::string& path) const {
    const Result<SafePath> place = SafePath::normalize(path);
    if (!place) {
        return {};
    }
    Result<std::string> text = archive::read_file(files, *place, max_host_text);
    if (text) {
        return {.state = HostText::State::read, .text = *std::move(text)};
    }
    if (text.error().code() == ErrorCode::not_found) {
        return {};
    }
    return {.state = HostText::State::unreadable, .why = std::string(text.error().message())};
}

std::string DoctorHost::first_line(const std::string& path) const {
    const HostText text = read(path);
    return std::string(text::trim(std::string_view(text.text).substr(0, text.text.find('\n'))));
}

std::optional<archive::FileInfo> DoctorHost::info(const std::string& path) const {
    const Result<SafePath> place = SafePath::normalize(path);
    if (!place) {
        return std::nullopt;
    }
    // An error is a folder on the way that this user may not enter: as good as not there.
    const Result<std::optional<archive::FileInfo>> found = archive::stat(files, *place);
    return found ? *found : std::nullopt;
}

bool DoctorHost::has_folder(const std::string& path) const {
    const auto found = info(path);
    return found && found->type == archive::FileType::directory;
}

bool DoctorHost::has_node(const std::string& path) const {
    const auto found = info(path);
    return found && found->type != archive::FileType::directory;
}

std::vector<std::string> DoctorHost::list(const std::string& folder) const {
    const Result<SafePath> place = SafePath::normalize(folder);
    if (!place) {
        return {};
    }
    const auto resolved = archive::resolve(files, *place);
    if (!resolved || !*resolved) {
        return {};
    }
    auto names = files.list(**resolved);
    if (!names) {
        return {};
    }
    names->resize(std::min(names->size(), max_host_names));
    return *std::move(names);
}

std::string DoctorHost::program(std::string_view name) const {
    std::vector<std::string_view> folders;
    if (is_this_machine) {
        folders = text::split(config.variable("PATH"), ':');
    }
    folders.insert(folders.end(), program_folders.begin(), program_folders.end());
    for (const std::string_view folder : folders) {
        std::string path = fmt::format("{}/{}", folder, name);
        if (folder.starts_with('/') && has_node(path)) {
            return path;
        }
    }
    return {};
}

std::string DoctorHost::program_behind(std::string_view value) const {
    if (value.find('/') == std::string_view::npos) {
        return program(value);
    }
    return has_node(std::string(value)) ? std::string(value) : std::string();
}

std::string DoctorHost::user_path(std::string_view below) const {
    if (const std::string_view xdg = config.variable("XDG_CONFIG_HOME"); xdg.starts_with('/')) {
        return fmt::format("{}/{}", xdg, below);
    }
    const std::string_view home = config.variable("HOME");
    return home.starts_with('/') ? fmt::format("{}/.config/{}", home, below) : std::string();
}

bool DoctorHost::may_use(const archive::FileInfo& file) const {
    constexpr std::uint32_t read_and_write = 06;
    if (machine.uid == 0) {
        return true;
    }
    const bool in_group = std::ranges::find(machine.gids, file.gid) != machine.gids.end();
    const unsigned shift = file.uid == machine.uid ? 6U : in_group ? 3U : 0U;
    return ((file.mode >> shift) & read_and_write) == read_and_write;
}

std::string DoctorHost::user_name() const {
    const HostText passwd = read("/etc/passwd");
    for (const std::string_view line : text::lines(passwd.text)) {
        const auto fields = text::split(line, ':');
        if (fields.size() > 2 && fields[2] == std::to_string(machine.uid)) {
            return std::string(fields[0]);
        }
    }
    return std::string(config.variable("USER"));
}

DoctorCheck& add_check(DoctorReport& report, std::string_view id, DoctorCheck::Status status,
                       std::string_view text, std::string_view fix) {
    report.checks.push_back({.id = std::string(id),
                             .status = status,
                             .text = text::printable(text, max_check_text),
                             .fix = text::printable(fix, max_check_text)});
    return report.checks.back();
}

}  // namespace envpack::pipeline
