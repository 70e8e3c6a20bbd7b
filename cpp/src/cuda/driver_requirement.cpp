#include "envpack/cuda/driver_requirement.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using Subject = DriverRequirement::Subject;
using Comparison = DriverRequirement::Comparison;

constexpr std::array<std::pair<std::string_view, Subject>, 4> subjects{{{"cuda", Subject::cuda},
                                                                        {"driver", Subject::driver},
                                                                        {"arch", Subject::arch},
                                                                        {"brand", Subject::brand}}};
constexpr std::array<std::pair<std::string_view, Comparison>, 6> comparisons{
    {{"=", Comparison::equal},
     {"!=", Comparison::not_equal},
     {"<", Comparison::less},
     {"<=", Comparison::less_equal},
     {">", Comparison::more},
     {">=", Comparison::more_equal}}};

template <class Table>
std::string_view word_of(const Table& table, typename Table::value_type::second_type value) {
    return std::find_if(table.begin(), table.end(),
                        [&](const auto& row) { return row.second == value; })
        ->first;
}

Error malformed(std::string_view term) {
    return Error(
               ErrorCode::parse_error,
               fmt::format("`{}` is no condition of the container runtime", text::printable(term)))
        .with_hint("conditions are about cuda, driver, arch or brand: cuda>=12.4");
}

Result<DriverRequirement::Term> parse_term(std::string_view text) {
    constexpr std::string_view signs = "<>=!";
    const std::size_t sign = std::min(text.find_first_of(signs), text.size());
    const std::size_t value = std::min(text.find_first_not_of(signs, sign), text.size());
    const std::string name = text::to_lower(text.substr(0, sign));
    const std::string_view between = text.substr(sign, value - sign);
    const auto subject = std::find_if(subjects.begin(), subjects.end(),
                                      [&](const auto& row) { return row.first == name; });
    const auto comparison = std::find_if(comparisons.begin(), comparisons.end(),
                                         [&](const auto& row) { return row.first == between; });
    if (subject == subjects.end() || comparison == comparisons.end() || value == text.size()) {
        return fail(malformed(text));
    }
    return DriverRequirement::Term{.subject = subject->second,
                                   .comparison = comparison->second,
                                   .value = std::string(text.substr(value))};
}

/// What the alternative demands when it is about the driver's CUDA alone.
std::optional<CudaVersion> cuda_of(const DriverRequirement::Alternative& alternative) {
    std::optional<CudaVersion> least;
    for (const DriverRequirement::Term& term : alternative) {
        const auto version = CudaVersion::parse(
            term.value.find('.') == std::string::npos ? term.value + ".0" : term.value);
        if (term.subject != Subject::cuda || term.comparison != Comparison::more_equal ||
            !version) {
            return std::nullopt;
        }
        least = std::max(least, std::optional(*version));
    }
    return least;
}

}  // namespace

Result<DriverRequirement> DriverRequirement::parse(std::string_view text) {
    DriverRequirement requirement;
    for (const std::string_view words : text::split(text, ' ')) {
        Alternative alternative;
        for (const std::string_view term : text::split(words, ',')) {
            if (!term.empty()) {
                ENVPACK_TRY(Term parsed, parse_term(term));
                alternative.push_back(std::move(parsed));
            }
        }
        if (!alternative.empty()) {
            requirement.alternatives.push_back(std::move(alternative));
        }
    }
    return requirement;
}

std::string DriverRequirement::to_string() const {
    std::vector<std::string> words;
    for (const Alternative& alternative : alternatives) {
        std::vector<std::string> terms;
        for (const Term& term : alternative) {
            terms.push_back(fmt::format("{}{}{}", word_of(subjects, term.subject),
                                        word_of(comparisons, term.comparison), term.value));
        }
        words.push_back(text::join(terms, ","));
    }
    return text::join(words, " ");
}

std::optional<CudaVersion> DriverRequirement::least_cuda() const {
    std::optional<CudaVersion> least;
    for (const Alternative& alternative : alternatives) {
        const std::optional<CudaVersion> enough = cuda_of(alternative);
        if (enough && (!least || *enough < *least)) {
            least = enough;
        }
    }
    return least;
}

Result<std::vector<DriverRequirement>> driver_requirements(
    const std::map<std::string, std::string, std::less<>>& environment) {
    const auto value = [&](std::string_view name) {
        const auto found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    };
    std::vector<DriverRequirement> requirements;
    const std::string disable = text::to_lower(value("NVIDIA_DISABLE_REQUIRE"));
    if (disable == "1" || disable == "t" || disable == "true") {
        return requirements;
    }
    for (const auto& [name, text] : environment) {
        if (name.starts_with("NVIDIA_REQUIRE_") && !name.starts_with("NVIDIA_REQUIRE_JETPACK")) {
            ENVPACK_TRY(DriverRequirement requirement,
                        with_context(DriverRequirement::parse(text), "while reading " + name));
            requirements.push_back(std::move(requirement));
        }
    }
    if (value("NVIDIA_REQUIRE_CUDA").empty()) {
        if (const auto cuda = CudaVersion::parse(value("CUDA_VERSION"))) {
            ENVPACK_TRY(DriverRequirement legacy,
                        DriverRequirement::parse("cuda>=" + cuda->minor_version().to_string()));
            requirements.push_back(std::move(legacy));
        }
    }
    return requirements;
}

}  // namespace envpack::cuda
