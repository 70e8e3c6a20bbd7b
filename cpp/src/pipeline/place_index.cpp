#include "place_index.hpp"

#include "envpack/wheel/wheel_archive.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {

PlaceIndex::PlaceIndex(DirectSources opened, ConstrainedPlaces constrained, DirectServices services)
    : constrained_(std::move(constrained)),
      services_(std::move(services)),
      opened_(std::move(opened)) {
    for (const auto& [name, source] : opened_) {
        local_.emplace(source.file.url, source.wheel);
    }
}

Result<void> PlaceIndex::open(const packaging::PackageName& name, const RunContext& run) const {
    const auto line = constrained_.find(name);
    if (line == constrained_.end()) {
        return fail(ErrorCode::not_found, fmt::format("nobody names a place of {}", name.str()));
    }
    auto opened = with_context(
        open_direct(line->second, services_, run),
        fmt::format("while opening `{}` ({})", line->second.text, line->second.origin()));
    if (!opened) {
        const Error& error = opened.error();
        if (error.code() != ErrorCode::not_found) {
            return fail(std::move(opened).error());
        }
        // Not found means to a solve that there is no such project, and it would look elsewhere.
        Error absent = Error(ErrorCode::io_error, std::string(error.message()))
                           .with_hint(std::string(error.hint()));
        for (std::size_t i = error.contexts().size(); i-- > 0;) {
            absent = std::move(absent).with_context(error.contexts()[i]);
        }
        return fail(std::move(absent));
    }
    local_.emplace(opened->file.url, opened->wheel);
    opened_.emplace(name, *std::move(opened));
    return {};
}

Result<index::Project> PlaceIndex::project(const packaging::PackageName& name,
                                           const RunContext& run) const {
    const std::lock_guard lock(mutex_);
    if (!opened_.contains(name)) {
        ENVPACK_CHECK(open(name, run));
    }
    return index::Project{.name = name,
                          .files = std::vector<index::DistFile>{opened_.at(name).file}};
}

Result<packaging::CoreMetadata> PlaceIndex::metadata(const index::DistFile& file,
                                                     const RunContext& run) const {
    ENVPACK_TRY(const std::filesystem::path path, download(file, run));
    ENVPACK_TRY(const auto wheel, wheel::WheelArchive::open_as(path, file.filename));
    return wheel.metadata();
}

Result<std::filesystem::path> PlaceIndex::download(const index::DistFile& file,
                                                   const RunContext&) const {
    const std::lock_guard lock(mutex_);
    const auto found = local_.find(file.url);
    if (found == local_.end()) {
        return fail(ErrorCode::not_found,
                    fmt::format("{} is at no place that somebody named", file.filename));
    }
    return found->second;
}

const DirectSource* PlaceIndex::find(const packaging::PackageName& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = opened_.find(name);
    return found == opened_.end() ? nullptr : &found->second;
}

bool PlaceIndex::has(const index::DistFile& file) const {
    const std::lock_guard lock(mutex_);
    return local_.contains(file.url);
}

}  // namespace envpack::pipeline
