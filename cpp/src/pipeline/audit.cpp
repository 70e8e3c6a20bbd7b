#include "envpack/pipeline/audit.hpp"

#include "audit_packages.hpp"
#include "audit_parts.hpp"
#include "cuda_base.hpp"
#include "envpack/env/loader_paths.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// What the Python of an environment can import, and itself.
std::vector<SafePath> roots_of_environment(const env::Inventory& inventory) {
    std::vector<SafePath> roots = inventory.search_path;
    const env::Interpreter& python = inventory.python;
    if (!python.executable.is_root()) {
        roots.push_back(python.executable);
    }
    roots.push_back(python.base_prefix / "lib" / python.library_name() / "lib-dynload");
    return roots;
}

Result<AuditSubject> read_subject(const AuditOptions& options, const UserConfig& user,
                                  const RunContext& run) {
    if (are_packages(options.source)) {
        return read_packages(options, user, run);
    }
    if (options.base || !options.more_wheels.empty()) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("`{}` is neither a wheel nor a lock: it has no base, and "
                                      "nothing beside it",
                                      options.source))
                        .with_hint("name X.whl, Y.whl … or pylock.toml"));
    }
    AuditSubject subject;
    ENVPACK_TRY(subject.source, Source::parse(options.source));
    Source& source = subject.source;
    if (source.kind == Source::Kind::python && source.path.empty() && options.python) {
        source.path = *options.python;  // as freeze() takes it
    }
    ENVPACK_TRY(subject.open, open_source(source, audit_capture(), user, run));
    auto inventory =
        inventory_of(source, subject.open, options.python, env::InventoryDetail::sources, run);
    if (inventory) {
        subject.inventory = *std::move(inventory);
    } else if (subject.is_environment() || inventory.error().code() != ErrorCode::not_found) {
        return fail(std::move(inventory).error());
    }
    ENVPACK_TRY(subject.owners, env::FileOwners::read(*subject.open.tree, subject.inventory, run));
    if (source.is_image()) {
        ENVPACK_TRY(subject.binaries,
                    binaries_of_image(subject.open, user.cache_directory() / "scratch", run));
        return subject;
    }
    subject.disk = std::make_shared<archive::DiskTree>(
        subject.is_environment() ? std::filesystem::path("/") : source.path);
    const std::vector<SafePath> roots = subject.is_environment()
                                            ? roots_of_environment(subject.inventory)
                                            : std::vector<SafePath>{SafePath()};
    ENVPACK_TRY(subject.binaries, binaries_on_disk(*subject.disk, roots, run));
    return subject;
}

/// For the binaries that no Python package owns.
Result<void> read_system_owners(AuditSubject& subject, const RunContext& run) {
    std::unordered_set<SafePath> files;
    for (const Binary& binary : subject.binaries) {
        if (!subject.owners.owner(binary.path)) {
            files.insert(binary.path);
        }
    }
    ENVPACK_TRY(subject.system_owners,
                env::SystemOwners::read(*subject.open.tree, files,
                                        subject.inventory.python.base_prefix, run));
    return {};
}

}  // namespace

archive::CaptureFilter audit_capture() {
    return [wanted = env::inventory_filter(env::InventoryDetail::files)](
               const SafePath& path, const archive::FileInfo& info) {
        return wanted(path, info) || env::loader_paths_want(path, info) ||
               env::system_owners_want(path, info);
    };
}

std::string AuditSubject::package_of(const SafePath& path) const {
    const std::optional<std::size_t> owner = owners.owner(path);
    if (!owner) {
        return {};
    }
    const env::FrozenPackage& package = inventory.packages[*owner];
    return package.name.to_string() + ' ' + package.raw_version;
}

std::string AuditSubject::owner_of(const SafePath& path) const {
    std::string package = package_of(path);
    return package.empty() ? system_owners.owner(path) : package;
}

bool AuditReport::ok() const noexcept {
    return std::ranges::none_of(findings, [](const AuditFinding& finding) {
        return finding.level == AuditFinding::Level::error;
    });
}

Result<AuditReport> audit(const AuditOptions& options, const UserConfig& user,
                          const RunContext& run) {
    AuditReport report{.source = options.source};
    for (const std::string& wheel : options.more_wheels) {
        report.source += ' ' + wheel;
    }
    ENVPACK_TRY(const cuda::GpuTable gpus, cuda::GpuTable::load());
    for (const std::string& text : options.gpus) {
        ENVPACK_TRY(const std::vector<cuda::Gpu> found, gpus.find_list(text));
        report.gpus.insert(report.gpus.end(), found.begin(), found.end());
    }
    if (!options.driver.empty()) {
        ENVPACK_TRY(report.driver, cuda::DriverVersion::parse(options.driver));
    }
    ENVPACK_TRY(AuditSubject subject,
                with_context(read_subject(options, user, run),
                             fmt::format("while auditing `{}`", report.source)));
    ENVPACK_CHECK(read_system_owners(subject, run));
    report.assumptions = subject.assumptions;
    for (const Binary& binary : subject.binaries) {
        ++report.binaries;
        report.binary_bytes += binary.size;
        for (const std::string& line : binary.code.unread) {
            report.findings.push_back({.level = AuditFinding::Level::warning,
                                       .rule = "audit.unread",
                                       .text = line,
                                       .file = binary.path.str(),
                                       .package = subject.owner_of(binary.path)});
        }
        if (!binary.damage.empty()) {
            report.findings.push_back({.level = AuditFinding::Level::warning,
                                       .rule = "audit.unread",
                                       .text = "it is a damaged ELF file: " + binary.damage,
                                       .file = binary.path.str(),
                                       .package = subject.owner_of(binary.path)});
        }
    }
    ENVPACK_CHECK(audit_code(subject, report));
    ENVPACK_CHECK(audit_libraries(subject, report, run));
    std::ranges::stable_sort(report.findings, {}, &AuditFinding::level);
    return report;
}

}  // namespace envpack::pipeline
