// Documents from outside: canonical JSON is a fixed point, a lock that parses prints itself.

#include "envpack/base/json.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/index/simple_page.hpp"
#include "envpack/oci/image_config.hpp"
#include "envpack/oci/manifest.hpp"
#include "envpack/packaging/core_metadata.hpp"
#include "envpack/packaging/package_name.hpp"
#include "fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace envpack;
    const std::string_view text = fuzz_text(data, size);
    if (const auto value = json::parse(text)) {
        const std::string canonical = json::to_canonical(*value);
        const auto again = json::parse(canonical);
        ENVPACK_ASSERT(again && json::to_canonical(*again) == canonical);
    }
    if (const auto lock = env::Lock::parse(text)) {
        ENVPACK_ASSERT(env::Lock::parse(lock->to_toml()).has_value());
    }
    constexpr std::string_view page = "https://index.example/simple/name/";
    static const auto name = packaging::PackageName::parse("name").value();
    static_cast<void>(index::parse_simple_json(text, page, name));
    static_cast<void>(index::parse_simple_html(text, page, name));
    static_cast<void>(packaging::CoreMetadata::parse(text));
    static_cast<void>(oci::Manifest::parse(text));
    static_cast<void>(oci::ImageConfig::parse(text));
    return 0;
}
