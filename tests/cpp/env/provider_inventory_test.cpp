#include "envpack/env/provider_inventory.hpp"

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

TEST(ProvidedFrom, KeepsWhatASolveNeedsAndSaysWhereItComesFrom) {
    Inventory inventory;
    FrozenPackage torch{packaging::PackageName::parse("torch").value()};
    torch.raw_version = "2.3.0A0";
    torch.version = packaging::Version::parse(torch.raw_version).value();
    torch.layer = 37;
    torch.installer = "pip";
    torch.requires_dist = {packaging::Requirement::parse("sympy").value()};
    torch.provides_extra = {packaging::PackageName::parse("opt-einsum").value()};
    FrozenPackage debian{packaging::PackageName::parse("distro-info").value()};
    debian.raw_version = "1.1build1";
    debian.add_flag("unremovable");
    inventory.packages = {debian, torch};

    const auto provided = provided_from(inventory, "base image");
    ASSERT_EQ(provided.size(), 2U);
    EXPECT_EQ(provided[0].origin, "base image");
    EXPECT_FALSE(provided[0].version.has_value());
    EXPECT_EQ(provided[0].raw_version, "1.1build1");
    EXPECT_TRUE(provided[0].unremovable);
    EXPECT_EQ(provided[1].origin, "base image, layer 38, installed by pip");
    EXPECT_EQ(provided[1].version->to_string(), "2.3.0a0");
    EXPECT_EQ(provided[1].requires_dist, torch.requires_dist);
    EXPECT_EQ(provided[1].extras, torch.provides_extra);
}

}  // namespace
}  // namespace envpack::env
