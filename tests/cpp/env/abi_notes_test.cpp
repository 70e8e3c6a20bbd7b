#include "envpack/env/package_provider.hpp"
#include "support/universe_index.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using packaging::PackageName;
using packaging::Version;

Selected selected(const std::string& version, const std::string& tags) {
    return {.name = PackageName::parse("flash-attn").value(),
            .version = Version::parse(version).value(),
            .file = {.filename = "flash_attn-" + version + "-" + tags + ".whl", .url = {}},
            .uses_provided = {PackageName::parse("torch").value()}};
}

std::vector<std::string> notes(const Selected& chosen, const std::string& torch) {
    const std::vector<Provided> base = {support::provided("torch", torch)};
    return abi_notes({.packages = {chosen}}, base);
}

constexpr const char* machine_code = "cp312-cp312-linux_x86_64";

TEST(AbiNotes, MachineCodeOnNvidiasTorch) {
    const auto found = notes(selected("2.8.0", machine_code), "2.6.0a0+df5bbc09d1.nv24.12");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].starts_with("abi-unverified: flash-attn 2.8.0"));
}

TEST(AbiNotes, NothingToSay) {
    EXPECT_TRUE(notes(selected("2.8.0", "py3-none-any"), "2.6.0a0+df5bbc09d1.nv24.12").empty());
    EXPECT_TRUE(notes(selected("2.8.0", machine_code), "2.6.0+cu124").empty());
    EXPECT_TRUE(
        notes(selected("2.8.0+ngcpytorch2412", machine_code), "2.6.0a0+df5b.nv24.12").empty());
}

TEST(AbiNotes, WheelForAnotherImage) {
    const auto found =
        notes(selected("2.8.0+ngcpytorch2602", machine_code), "2.6.0a0+df5bbc09d1.nv24.12");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("image 26.02"), std::string::npos);
}

}  // namespace
}  // namespace envpack::env
