// Layouts that envpack wrote, read by programs that we did not write.

#include "envpack/base/process.hpp"
#include "envpack/base/text.hpp"
#include "envpack/oci/as_oci.hpp"
#include "envpack/oci/image_tree.hpp"
#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/push_image.hpp"
#include "envpack/oci/resolve_image.hpp"
#include "envpack/oci/with_config.hpp"
#include "oci/images.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

namespace fs = std::filesystem;
using test::file;
using test::folder;
using test::link;
using test::must;

bool is_installed(const std::string& program) {
    return run_process({.arguments = {program, "--version"}}, {}).has_value();
}

std::string run(std::vector<std::string> arguments) {
    const std::string program = arguments[0];
    const ProcessOutput output = must(run_process({.arguments = std::move(arguments)}, {}));
    EXPECT_EQ(output.exit_status, 0) << program << ": " << output.standard_error;
    return output.standard_output;
}

class Peers : public testing::Test {
protected:
    void SetUp() override {
        const ImagePtr base = test::image_of({{folder("usr"), folder("usr/lib"),
                                               file("usr/lib/a", "base"), link("lib", "usr/lib")}});
        const LayerPtr layer = test::layer_of({folder("opt"), file("opt/tool", "#!/bin/sh\n", 0755),
                                               file("usr/lib/b", std::string(200'000, 'b'))});
        image_ = must(append(base, {{.layer = layer, .created_by = "envpack build"}},
                             {.created = 1'700'000'000, .base_name = "r.example/base:1"}));
        image_ = must(with_config(image_, {.env = {{.name = "PATH", .value = "/opt"}},
                                           .user = "1001:0",
                                           .entrypoint = {{"/opt/tool"}},
                                           .labels = {{"quote", "a\"b\nc"}}}));
        const auto layout = must(LayoutTarget::open_or_create(scratch_ / "layout"));
        must(push_image(*image_, *layout, "v1"));
    }

    test::TempFolder scratch_;
    ImagePtr image_;
    std::string name_ = "oci:" + (scratch_ / "layout").string() + ":v1";
};

TEST_F(Peers, SkopeoReadsWhatWeWrote) {
    if (!is_installed("skopeo")) {
        GTEST_SKIP() << "skopeo is not installed";
    }
    const json::Value seen = must(json::parse(run({"skopeo", "inspect", name_})));
    EXPECT_EQ(*seen.find("Digest")->as_string(), digest_of(*image_).to_string());
    EXPECT_EQ(*seen.find("Architecture")->as_string(), "amd64");
    EXPECT_EQ(*seen.find("Labels")->find("quote")->as_string(), "a\"b\nc");
    EXPECT_EQ(seen.find("Layers")->as_array()->size(), 2u);
    EXPECT_EQ(run({"skopeo", "inspect", "--raw", name_}), image_->raw_manifest());
    EXPECT_EQ(run({"skopeo", "inspect", "--raw", "--config", name_}), image_->raw_config());
}

TEST_F(Peers, SkopeoCopiesItUnchangedAndWeReadTheCopy) {
    if (!is_installed("skopeo")) {
        GTEST_SKIP() << "skopeo is not installed";
    }
    const fs::path copy = scratch_ / "copy";
    run({"skopeo", "--insecure-policy", "copy", "--preserve-digests", name_,
         "oci:" + copy.string() + ":other"});
    const auto layout = must(LayoutTarget::open(copy));
    EXPECT_EQ(must(layout->tags({})), std::vector<std::string>{"other"});
    const ImagePtr image = must(resolve_image(layout, "", {}));
    EXPECT_EQ(digest_of(*image), digest_of(*image_));
    EXPECT_TRUE(open_tree(*image, [](const auto&, const auto&) { return false; }));
}

TEST_F(Peers, SkopeosDockerImageIsABaseForUs) {
    if (!is_installed("skopeo")) {
        GTEST_SKIP() << "skopeo is not installed";
    }
    // `dir:` keeps the converted manifest; its blobs go into a layout of ours under their digests.
    const fs::path folder = scratch_ / "dir";
    run({"skopeo", "--insecure-policy", "copy", "--format", "v2s2", name_,
         "dir:" + folder.string()});
    const auto target = std::make_shared<MemoryTarget>();
    for (const auto& item : fs::directory_iterator(folder)) {
        test::put(*target, "application/octet-stream", test::slurp(item.path()));
    }
    const Descriptor manifest =
        describe(media_type::docker_manifest, test::slurp(folder / "manifest.json"));
    const ImagePtr base = must(open_image(target, manifest));
    const ImagePtr image =
        must(append(base, {{.layer = test::layer_of({file("opt/more", "1")})}}, {}));
    EXPECT_EQ(must(manifest_of(*image)).family, Family::docker);
    // containers/image finds only OCI manifests in a layout.
    const ImagePtr converted = must(as_oci(image));
    const auto layout = must(LayoutTarget::open_or_create(scratch_ / "docker"));
    must(push_image(*converted, *layout, "v2"));
    const std::string name = "oci:" + (scratch_ / "docker").string() + ":v2";
    EXPECT_EQ(run({"skopeo", "inspect", "--raw", name}), converted->raw_manifest());
}

TEST_F(Peers, UmociUnpacksWhatWeWrote) {
    if (!is_installed("umoci")) {
        GTEST_SKIP() << "umoci is not installed";
    }
    const fs::path bundle = scratch_ / "bundle";
    run({"umoci", "unpack", "--rootless", "--image", (scratch_ / "layout").string() + ":v1",
         bundle.string()});
    EXPECT_EQ(test::slurp(bundle / "rootfs/lib/a"), "base");
    EXPECT_EQ(test::slurp(bundle / "rootfs/lib/b"), std::string(200'000, 'b'));
    EXPECT_EQ(fs::read_symlink(bundle / "rootfs/lib"), "usr/lib");
    EXPECT_EQ(fs::status(bundle / "rootfs/opt/tool").permissions(), fs::perms(0755));
    EXPECT_EQ(run({"umoci", "list", "--layout", (scratch_ / "layout").string()}), "v1\n");
}

TEST_F(Peers, UmociAndWeWriteIntoOneLayout) {
    if (!is_installed("umoci")) {
        GTEST_SKIP() << "umoci is not installed";
    }
    const std::string layout_name = (scratch_ / "layout").string();
    run({"umoci", "tag", "--image", layout_name + ":v1", "from-umoci"});
    run({"umoci", "config", "--image", layout_name + ":v1", "--tag", "changed", "--config.user",
         "7"});
    const auto layout = must(LayoutTarget::open(scratch_ / "layout"));
    EXPECT_EQ(must(layout->tags({})), (std::vector<std::string>{"changed", "from-umoci", "v1"}));
    const ImagePtr changed = must(resolve_image(layout, "changed", {}));
    EXPECT_EQ(must(config_of(*changed)).user, "7");
    const ImagePtr more =
        must(append(changed, {{.layer = test::layer_of({file("opt/more", "1")})}}, {}));
    must(push_image(*more, *layout, "more"));
    std::vector<std::string> listed;
    const std::string lines = run({"umoci", "list", "--layout", layout_name});
    for (const std::string_view line : text::lines(lines)) {
        listed.emplace_back(line);
    }
    std::ranges::sort(listed);
    EXPECT_EQ(listed, (std::vector<std::string>{"changed", "from-umoci", "more", "v1"}));
    run({"umoci", "stat", "--image", layout_name + ":more"});
}

}  // namespace
}  // namespace envpack::oci
