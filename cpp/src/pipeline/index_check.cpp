#include "index_check.hpp"

#include "envpack/base/text.hpp"
#include "envpack/cuda/torch_matrix.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using packaging::Tag;
using packaging::Version;

/// The minor version in `cp312`; nullopt for other interpreters.
std::optional<int> minor_of(std::string_view interpreter) {
    int minor = 0;
    if (!interpreter.starts_with("cp3")) {
        return std::nullopt;
    }
    const std::string_view digits = interpreter.substr(3);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), minor);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(minor)
                                                                        : std::nullopt;
}

/// `python` as in IndexQuestion; what it leaves open, every tag fits.
bool fits_python(const Tag& tag, std::string_view python) {
    if (python.empty() || tag.interpreter == "py3") {
        return true;
    }
    const bool is_free_threaded = python.ends_with('t');
    std::string wanted = "cp" + std::string(python.substr(0, python.size() - is_free_threaded));
    std::erase(wanted, '.');
    if (tag.abi == "abi3" && !is_free_threaded) {
        const auto least = minor_of(tag.interpreter);
        const auto ours = minor_of(wanted);
        return least && ours && *least <= *ours;
    }
    return tag.interpreter == wanted && tag.abi == wanted + (is_free_threaded ? "t" : "");
}

bool fits_machine(const Tag& tag, const std::string& machine) {
    return tag.platform == "any" ||
           (tag.platform.find("linux") != std::string::npos && tag.platform.ends_with(machine));
}

std::string target_of(const cuda::IndexQuestion& question) {
    return question.python.empty()
               ? question.machine
               : fmt::format("Python {} on {}", question.python, question.machine);
}

/// The releases of a page, without local parts.
struct PageReleases {
    bool has_planned = false;       ///< for any target
    bool has_planned_here = false;  ///< for that of the question
    std::optional<Version> newest;  ///< that fits the question and is no pre-release
};

PageReleases releases_on(const index::Project& page, const cuda::IndexPlan& plan,
                         const cuda::IndexQuestion& question) {
    PageReleases found;
    for (std::size_t i = 0; i < page.files.size(); ++i) {
        const auto wheel = packaging::WheelFilename::parse(page.files.filename(i));
        if (!wheel || (wheel->version.has_local() && wheel->version.local() != plan.suffix)) {
            continue;
        }
        const Version release = wheel->version.public_version();
        const bool is_planned = release == plan.torch;
        found.has_planned |= is_planned;
        const bool fits = std::ranges::any_of(wheel->tags, [&](const Tag& tag) {
            return fits_python(tag, question.python) && fits_machine(tag, question.machine);
        });
        if (!fits) {
            continue;
        }
        found.has_planned_here |= is_planned;
        if (!release.is_prerelease() && question.torch.contains(wheel->version) &&
            (!found.newest || *found.newest < release)) {
            found.newest = release;
        }
    }
    return found;
}

}  // namespace

Result<std::vector<std::string>> index_disagreements(const cuda::IndexPlan& plan,
                                                     const cuda::IndexQuestion& question,
                                                     const index::PackageIndex& index,
                                                     const RunContext& run) {
    const std::string planned = "torch " + plan.torch.to_string();
    ENVPACK_TRY(const auto name, packaging::PackageName::parse("torch"));
    const Result<index::Project> page = index.project(name, run);
    if (!page) {
        if (page.error().code() != ErrorCode::not_found) {
            return fail(page.error());
        }
        return std::vector{fmt::format("{} has no torch; the tables say that it has {}", plan.url,
                                       plan.torch.to_string())};
    }
    const PageReleases found = releases_on(*page, plan, question);
    std::vector<std::string> told;
    if (!found.has_planned_here) {
        told.push_back(fmt::format(
            "{} has no {}{}, which the tables say it has; the newest that fits there is {}",
            plan.url, planned, found.has_planned ? " for " + target_of(question) : "",
            found.newest ? found.newest->to_string() : "none"));
    }
    ENVPACK_TRY(const cuda::TorchMatrix matrix, cuda::TorchMatrix::load());
    if (found.newest && !matrix.releases().empty() &&
        matrix.releases().back().torch < *found.newest) {
        told.push_back(
            fmt::format("{} has torch {}, which is newer than the tables: {} is the "
                        "newest that they know something of",
                        plan.url, found.newest->to_string(), planned));
    }
    return told;
}

}  // namespace envpack::pipeline
