// Texts of PyPA's standards: what parses prints a text that parses to the same value.

#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/specifier_set.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "fuzzing.hpp"

namespace {

template <class T>
void round_trip(std::string_view text) {
    if (const auto first = T::parse(text)) {
        const auto second = T::parse(first->to_string());
        ENVPACK_ASSERT(second && *second == *first);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace envpack::packaging;
    const std::string_view text = fuzz_text(data, size);
    round_trip<Version>(text);
    round_trip<SpecifierSet>(text);
    round_trip<Marker>(text);
    round_trip<Requirement>(text);
    round_trip<WheelFilename>(text);
    return 0;
}
