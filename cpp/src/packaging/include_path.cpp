#include "include_path.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <filesystem>

namespace envpack::packaging {
namespace {

std::string normalized(std::string_view path) {
    return std::filesystem::path(path).lexically_normal().generic_string();
}

// RFC 3986, section 5.2, for the two forms that occur: `/absolute` and `relative`.
std::string join_url(std::string_view base, std::string_view reference) {
    base = base.substr(0, base.find_first_of("?#"));
    const std::size_t authority = base.find("://");
    const std::size_t after =
        authority == std::string_view::npos ? base.find(':') + 1 : authority + 3;
    const std::size_t path = std::min(base.find('/', after), base.size());
    const std::string_view folder = base.substr(path, base.rfind('/') - path + 1);
    const std::string target = reference.starts_with('/')
                                   ? std::string(reference)
                                   : "/" + std::string(folder) + std::string(reference);
    std::string joined = normalized(target);
    joined.erase(0, joined.find_first_not_of('/'));
    return std::string(base.substr(0, path)) + "/" + joined;
}

}  // namespace

bool is_file_url(std::string_view text) noexcept {
    const std::string_view scheme = text.substr(0, text.find(':'));
    return scheme.size() != text.size() && (text::equals_ignoring_case(scheme, "http") ||
                                            text::equals_ignoring_case(scheme, "https") ||
                                            text::equals_ignoring_case(scheme, "file"));
}

std::string join_include_path(std::string_view including, std::string_view included) {
    if (is_file_url(included)) {
        return std::string(included);
    }
    if (is_file_url(including)) {
        return join_url(including, included);
    }
    if (included.starts_with('/')) {
        return normalized(included);
    }
    const std::size_t slash = including.rfind('/');
    const std::string_view folder =
        slash == std::string_view::npos ? std::string_view() : including.substr(0, slash + 1);
    return normalized(std::string(folder) + std::string(included));
}

}  // namespace envpack::packaging
