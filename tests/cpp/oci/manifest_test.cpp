#include "envpack/oci/manifest.hpp"

#include "envpack/oci/image_config.hpp"
#include "envpack/oci/image_index.hpp"
#include "oci/images.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

using test::must;
using test::verdict;
namespace mt = media_type;

const std::string digest =
    "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

std::string pointer(std::string_view type, const std::string& more = "") {
    return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest + R"(","size":5)" +
           more + "}";
}
std::string type_member(std::string_view type) {
    return type.empty() ? "" : R"("mediaType":")" + std::string(type) + R"(",)";
}
std::string manifest(std::string_view type, const std::string& more = "",
                     std::string_view config = mt::oci_config,
                     std::string_view layer = mt::oci_layer_gzip) {
    return R"({"schemaVersion":2,)" + type_member(type) + R"("config":)" + pointer(config) +
           R"(,"layers":[)" + pointer(layer) + "]" + more + "}";
}
std::string index_of(std::string_view type, const std::string& entries,
                     const std::string& more = "") {
    return R"({"schemaVersion":2,)" + type_member(type) + R"("manifests":[)" + entries + "]" +
           more + "}";
}

TEST(Manifest, IsAcceptedOrRefusedByWhatItSaysItIs) {
    struct Row {
        std::string raw;
        std::string_view promised;
        std::string verdict;
    };
    const std::string docker =
        manifest(mt::docker_manifest, "", mt::docker_config, mt::docker_layer_gzip);
    const std::string silent_docker = manifest("", "", mt::docker_config, mt::docker_layer_gzip);
    const Row rows[] = {
        {manifest(mt::oci_manifest), mt::oci_manifest, "ok"},
        {manifest(mt::oci_manifest), "", "ok"},
        {manifest(""), mt::oci_manifest, "ok"},
        {manifest(""), "", "oci.media-type"},
        {docker, mt::docker_manifest, "ok"},
        {silent_docker, mt::docker_manifest, "oci.media-type"},
        {docker, mt::oci_manifest, "oci.media-type"},
        {manifest(mt::oci_manifest), mt::docker_manifest, "oci.media-type"},
        {manifest(mt::oci_manifest), mt::oci_index, "oci.media-type"},
        {manifest(mt::oci_index), mt::oci_index, "oci.media-type"},
        {manifest("text/plain"), "", "oci.media-type"},
        // CVE-2021-41190
        {manifest(mt::oci_manifest, R"(,"manifests":[])"), "", "oci.ambiguous-document"},
        {manifest(mt::oci_manifest, R"(,"manifests":null)"), "", "oci.ambiguous-document"},
        {manifest(mt::oci_manifest, R"(,"fsLayers":[])"), "", "oci.ambiguous-document"},
        {R"({"schemaVersion":1,"name":"a","tag":"b","fsLayers":[]})", "", "oci.schema1"},
        {R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v1+json"})",
         "", "oci.schema1"},
        {R"({"schemaVersion":3})", mt::oci_manifest, "oci.schema-version"},
        {R"({"schemaVersion":"2"})", mt::oci_manifest, "oci.schema-version"},
        {"{}", mt::oci_manifest, "oci.schema-version"},
        {"[]", mt::oci_manifest, "oci.document"},
        {"", mt::oci_manifest, "json.malformed"},
        {"{", mt::oci_manifest, "json.malformed"},
        {manifest(mt::oci_manifest) + "x", "", "json.malformed"},
        {manifest(mt::oci_manifest, R"(,"config":{})"), "", "json.duplicate-key"},
        {R"({"schemaVersion":2,"layers":[]})", mt::oci_manifest, "parse_error"},
        {R"({"schemaVersion":2,"config":)" + pointer(mt::oci_config) + "}", mt::oci_manifest,
         "parse_error"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(verdict(Manifest::parse(row.raw, row.promised)), row.verdict)
            << row.raw << " as " << row.promised;
    }
}

TEST(Manifest, KnowsWhetherItMixesFamilies) {
    EXPECT_FALSE(must(Manifest::parse(manifest(mt::oci_manifest))).is_mixed());
    EXPECT_FALSE(must(Manifest::parse(manifest(mt::oci_manifest, "", mt::oci_config, "a/unknown")))
                     .is_mixed());
    EXPECT_TRUE(
        must(Manifest::parse(manifest(mt::oci_manifest, "", mt::oci_config, mt::docker_layer_gzip)))
            .is_mixed());
    EXPECT_TRUE(
        must(Manifest::parse(manifest(mt::oci_manifest, "", mt::docker_config))).is_mixed());
}

TEST(ImageIndex, IsAcceptedOrRefusedByWhatItSaysItIs) {
    struct Row {
        std::string raw;
        std::string_view promised;
        std::string verdict;
    };
    const std::string oci_entry = pointer(mt::oci_manifest);
    const std::string docker_entry = pointer(mt::docker_manifest);
    const Row rows[] = {
        {index_of(mt::oci_index, oci_entry), mt::oci_index, "ok"},
        {index_of("", oci_entry), mt::oci_index, "ok"},
        {index_of("", oci_entry), "", "oci.media-type"},
        {index_of(mt::docker_index, docker_entry), mt::docker_index, "ok"},
        {index_of(mt::oci_index, pointer("a/unknown")), "", "ok"},
        {index_of(mt::oci_index, docker_entry), "", "oci.mixed-families"},
        {index_of(mt::docker_index, oci_entry), "", "oci.mixed-families"},
        {index_of(mt::oci_index, oci_entry, R"(,"layers":[])"), "", "oci.ambiguous-document"},
        {index_of(mt::oci_index, oci_entry, R"(,"config":{})"), "", "oci.ambiguous-document"},
        {index_of(mt::oci_manifest, oci_entry), "", "oci.media-type"},
        {R"({"schemaVersion":2})", mt::oci_index, "parse_error"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(verdict(ImageIndex::parse(row.raw, row.promised)), row.verdict) << row.raw;
    }
    EXPECT_EQ(verdict(ImageIndex::parse_layout_index(index_of("", oci_entry + "," + docker_entry))),
              "ok");
}

TEST(SelectPlatform, TakesTheBestMatchAndNamesWhatThereIs) {
    const auto entry = [](const char* platform, std::string_view type = mt::oci_manifest) {
        Descriptor descriptor = describe(type, platform);
        if (*platform != '\0') {
            descriptor.platform = must(Platform::parse(platform));
        }
        return descriptor;
    };
    struct Row {
        std::vector<Descriptor> entries;
        const char* wanted;
        const char* chosen;  ///< nullptr: not_found
    };
    const Row rows[] = {
        {{entry("linux/amd64"), entry("linux/arm64")}, "linux/arm64", "linux/arm64"},
        {{entry("linux/amd64"), entry("linux/arm64/v8")}, "linux/arm64", "linux/arm64/v8"},
        {{entry("linux/amd64/v3"), entry("linux/amd64")}, "linux/amd64", "linux/amd64"},
        {{entry("linux/arm/v5"), entry("linux/arm/v7"), entry("linux/arm/v6")},
         "linux/arm",
         "linux/arm/v7"},
        {{entry("linux/s390x")}, "linux/amd64", nullptr},
        {{entry("linux/amd64", "a/unknown")}, "linux/amd64", nullptr},
        {{entry("unknown/unknown"), entry("linux/amd64")}, "linux/amd64", "linux/amd64"},
        {{entry("")}, "linux/amd64", ""},
        {{}, "linux/amd64", nullptr},
    };
    for (const Row& row : rows) {
        const auto chosen = select_platform(row.entries, must(Platform::parse(row.wanted)));
        ASSERT_EQ(chosen.has_value(), row.chosen != nullptr) << row.wanted;
        if (chosen) {
            EXPECT_EQ(chosen->digest, Digest::of(as_bytes(std::string_view(row.chosen))));
        }
    }
    const auto none = select_platform({entry("linux/s390x"), entry("unknown/unknown")}, Platform{});
    EXPECT_EQ(none.error().code(), ErrorCode::not_found);
    EXPECT_EQ(none.error().hint(), "available: linux/s390x");
}

TEST(ImageConfig, ReadsWhatTheBaseSays) {
    const ImageConfig config = must(ImageConfig::parse(
        R"({"architecture":"amd64","os":"linux","config":{"User":"1001","WorkingDir":"/w",)"
        R"("Env":["PATH=/bin","A=1","A=2","B="],"Entrypoint":null,"Cmd":["sh"],)"
        R"("Labels":{"l":"v"},"Healthcheck":{}},"rootfs":{"type":"layers","diff_ids":[")" +
        digest + R"("]},"history":[{"empty_layer":true},{},{"empty_layer":false}]})"));
    EXPECT_EQ(config.platform, Platform{});
    EXPECT_EQ(config.user, "1001");
    EXPECT_EQ(config.working_dir, "/w");
    EXPECT_FALSE(config.entrypoint);
    EXPECT_EQ(*config.cmd, std::vector<std::string>{"sh"});
    EXPECT_EQ(config.labels.at("l"), "v");
    EXPECT_EQ(config.diff_ids.size(), 1u);
    EXPECT_EQ(config.history_layers, 2u);
    EXPECT_EQ(env_value(config, "A"), "2");
    EXPECT_EQ(env_value(config, "B"), "");
    EXPECT_EQ(env_value(config, "PAT"), std::nullopt);
}

TEST(ImageConfig, RefusesWhatIsNone) {
    const std::string rootfs = R"("rootfs":{"type":"layers","diff_ids":[]})";
    const std::pair<std::string, std::string> rows[] = {
        {"{" + rootfs + "}", "ok"},
        {R"({"config":null,"history":null,"rootfs":{"type":"layers","diff_ids":null}})", "ok"},
        {"{}", "oci.config"},
        {"", "json.malformed"},
        {"[]", "oci.document"},
        {R"({"rootfs":{"type":"plain","diff_ids":[]}})", "oci.config"},
        {R"({"rootfs":{"type":"layers","diff_ids":["x"]}})", "oci.descriptor"},
        {R"({"rootfs":{"type":"layers","diff_ids":[1]}})", "oci.document"},
        {R"({"config":[],)" + rootfs + "}", "oci.config"},
        {R"({"config":{"Env":"A=1"},)" + rootfs + "}", "oci.config"},
        {R"({"config":{"User":1},)" + rootfs + "}", "oci.config"},
        {R"({"history":{},)" + rootfs + "}", "oci.config"},
        {R"({"history":[1],)" + rootfs + "}", "oci.config"},
        {R"({"history":[{"empty_layer":"yes"}],)" + rootfs + "}", "oci.config"},
        {R"({"os":1,)" + rootfs + "}", "oci.config"},
        {R"({"os":"linux","os":"linux",)" + rootfs + "}", "json.duplicate-key"},
    };
    for (const auto& [raw, expected] : rows) {
        EXPECT_EQ(verdict(ImageConfig::parse(raw)), expected) << raw;
    }
}

}  // namespace
}  // namespace envpack::oci
