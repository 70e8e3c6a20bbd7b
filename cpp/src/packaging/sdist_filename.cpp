#include "envpack/packaging/sdist_filename.hpp"

#include "envpack/base/text.hpp"
#include "normalized_name.hpp"

#include <algorithm>
#include <utility>

namespace envpack::packaging {
namespace {

constexpr std::string_view tar_gz = ".tar.gz";
constexpr std::string_view zip = ".zip";

Error bad_sdist_name(std::string_view filename, std::string_view problem) {
    std::string message = "`";
    message.append(text::printable(filename))
        .append("` is no source distribution file name: ")
        .append(problem);
    return Error(ErrorCode::parse_error, std::move(message));
}

}  // namespace

Result<SdistFilename> SdistFilename::parse(std::string_view filename) {
    std::string_view stem = filename;
    Format format = Format::tar_gz;
    if (filename.ends_with(tar_gz)) {
        stem.remove_suffix(tar_gz.size());
    } else if (filename.ends_with(zip)) {
        stem.remove_suffix(zip.size());
        format = Format::zip;
    } else {
        return fail(bad_sdist_name(filename, "it does not end with `.tar.gz` or `.zip`"));
    }
    // A version has no hyphen, a name may have several.
    const std::size_t hyphen = stem.rfind('-');
    if (hyphen == std::string_view::npos || hyphen == 0) {
        return fail(bad_sdist_name(filename, "it is not `name-version`"));
    }
    auto version = Version::parse(stem.substr(hyphen + 1));
    if (!version) {
        return fail(
            bad_sdist_name(filename, "the part after the last hyphen is no version of PEP 440"));
    }
    return SdistFilename{.name = normalized_name(stem.substr(0, hyphen)),
                         .version = *std::move(version),
                         .format = format};
}

std::string SdistFilename::to_string() const {
    std::string text = name;
    std::replace(text.begin(), text.end(), '-', '_');
    text.append("-").append(version.to_string());
    return text.append(format == Format::tar_gz ? tar_gz : zip);
}

Result<PackageName> SdistFilename::package_name() const {
    return PackageName::parse(name);
}

}  // namespace envpack::packaging
