#include "envpack/oci/append.hpp"

#include "envpack/oci/as_oci.hpp"
#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/push_image.hpp"
#include "envpack/oci/resolve_image.hpp"
#include "envpack/oci/with_config.hpp"
#include "oci/images.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

using test::as_docker;
using test::file;
using test::image_of;
using test::layer_of;
using test::must;
using test::verdict;

/// A base as others publish it: unknown keys everywhere, its own order and white space.
ImagePtr foreign_base(const std::string& history) {
    const LayerPtr layer = layer_of({file("base", "of somebody")});
    const std::string config = R"({ "os": "linux", "architecture": "amd64",
        "config": {"Env": ["PATH=/usr/bin", "NVIDIA_VISIBLE_DEVICES=all"], "Cmd": ["bash"],
                   "Healthcheck": {"Test": ["NONE"]}, "OnBuild": ["RUN true"], "x": 1},
        "os.features": ["f"], "x-top": {"y": null},
        "rootfs": {"type": "layers", "diff_ids": [")" +
                               layer->diff_id().to_string() + R"("]}, "history": )" + history + "}";
    json::Value layer_pointer = layer->descriptor().to_json();
    layer_pointer.set("annotations", json::Object{{"com.example", json::Value("kept")}});
    layer_pointer.set("urls", json::Array{json::Value("https://files.example/layer")});
    layer_pointer.set("x-layer", true);
    json::Value document = json::Object{};
    document.set("schemaVersion", 2);
    document.set("config", describe(media_type::oci_config, config).to_json());
    document.set("layers", json::Array{layer_pointer});
    document.set("annotations", json::Object{{"org.opencontainers.image.base.name",
                                              json::Value("its.example/own:base")},
                                             {"title", json::Value("kept")}});
    return must(make_image(std::string(media_type::oci_manifest), json::to_canonical(document),
                           config, {layer}));
}

std::string at(const json::Value& document, std::initializer_list<std::string_view> path) {
    const json::Value* value = &document;
    for (const std::string_view key : path) {
        value = value == nullptr ? nullptr : value->find(key);
    }
    return value == nullptr ? "(none)" : json::to_canonical(*value);
}

TEST(Append, KeepsEverythingThatTheBaseSays) {
    const ImagePtr base = foreign_base("[{}]");
    const LayerPtr layer = layer_of({file("opt/x", "new")});
    const ImagePtr image = must(append(base, {{.layer = layer, .created_by = "envpack build"}},
                                       {.created = 86'400, .base_name = "r.example/base:1"}));
    const Manifest before = must(manifest_of(*base));
    const Manifest after = must(manifest_of(*image));
    const json::Array& layers = *after.document.find("layers")->as_array();
    ASSERT_EQ(layers.size(), 2u);
    EXPECT_EQ(json::to_canonical(layers[0]),
              json::to_canonical(before.document.find("layers")->as_array()->at(0)));
    EXPECT_EQ(after.layers[1], layer->descriptor());
    EXPECT_EQ(after.annotations,
              (Annotations{{"org.opencontainers.image.base.digest", digest_of(*base).to_string()},
                           {"org.opencontainers.image.base.name", "r.example/base:1"},
                           {"title", "kept"}}));

    const ImageConfig old = must(config_of(*base));
    const ImageConfig config = must(config_of(*image));
    EXPECT_EQ(at(config.document, {"config"}), at(old.document, {"config"}));
    EXPECT_EQ(at(config.document, {"os.features"}), R"(["f"])");
    EXPECT_EQ(at(config.document, {"x-top"}), R"({"y":null})");
    EXPECT_EQ(at(config.document, {"created"}), R"("1970-01-02T00:00:00Z")");
    EXPECT_EQ(at(config.document, {"history"}),
              R"([{},{"created":"1970-01-02T00:00:00Z","created_by":"envpack build"}])");
    EXPECT_EQ(config.diff_ids, (std::vector<Digest>{old.diff_ids[0], layer->diff_id()}));
    // The base is a value: nothing happened to it.
    EXPECT_EQ(must(manifest_of(*base)).layers.size(), 1u);
}

TEST(Append, FillsUpAHistoryThatIsTooShort) {
    for (const std::string history : {"[]", "null", R"([{"empty_layer":true}])"}) {
        const ImagePtr base = foreign_base(history);
        const ImagePtr image = must(append(base, {{.layer = layer_of({file("x", "")})}}, {}));
        EXPECT_EQ(must(config_of(*image)).history_layers, 2u) << history;
    }
}

TEST(Append, TakesTheFamilyOfTheBase) {
    const ImagePtr base = as_docker(*image_of({{file("a", "1")}}));
    const LayerPtr layer = layer_of({file("b", "2")});
    const ImagePtr image =
        must(append(base, {{.layer = layer}}, {.base_name = "r.example/base:1"}));
    const Manifest manifest = must(manifest_of(*image));
    EXPECT_EQ(manifest.media_type, media_type::docker_manifest);
    EXPECT_FALSE(manifest.is_mixed());
    EXPECT_EQ(manifest.layers[1].media_type, media_type::docker_layer_gzip);
    EXPECT_EQ(manifest.layers[1].digest, layer->descriptor().digest);
    EXPECT_TRUE(manifest.annotations.empty());

    const LayerPtr zstd = layer_of({file("b", "2")}, archive::Compression::zstd);
    EXPECT_EQ(verdict(append(base, {{.layer = zstd}}, {})), "oci.media-type");
    const ImagePtr oci_base = image_of({{file("a", "1")}});
    EXPECT_EQ(
        must(manifest_of(*must(append(oci_base, {{.layer = zstd}}, {})))).layers[1].media_type,
        media_type::oci_layer_zstd);
}

TEST(Append, RefusesAMixedBase) {
    const ImagePtr image = image_of({{file("a", "1")}});
    std::string raw = image->raw_manifest();
    raw.replace(raw.find(media_type::oci_layer_gzip), media_type::oci_layer_gzip.size(),
                media_type::docker_layer_gzip);
    const ImagePtr mixed =
        must(make_image(image->media_type(), raw, image->raw_config(), image->layers()));
    EXPECT_EQ(verdict(append(mixed, {{.layer = layer_of({file("b", "")})}}, {})),
              "oci.mixed-families");
}

TEST(Append, StopsAtTheLayersThatEnginesCanRun) {
    const LayerPtr layer = layer_of({file("a", "")});
    const ImagePtr base = empty_image({}, 0);
    const ImagePtr full = must(append(base, std::vector<Addendum>(125, {.layer = layer}), {}));
    EXPECT_EQ(full->layers().size(), 125u);
    const auto more = append(full, {{.layer = layer}}, {});
    EXPECT_EQ(verdict(more), "oci.layer-count");
    EXPECT_EQ(more.error().code(), ErrorCode::limit_exceeded);
    EXPECT_FALSE(append(base, std::vector<Addendum>(126, {.layer = layer}), {}));
}

TEST(Append, InstantsBeyondRfc3339AreRefused) {
    EXPECT_EQ(append(empty_image({}, 0), {}, {.created = 253'402'300'800}).error().code(),
              ErrorCode::invalid_argument);
}

TEST(Append, ScratchIsNobodysBase) {
    EXPECT_TRUE(must(manifest_of(*image_of({{file("a", "1")}}))).annotations.empty());
}

TEST(WithConfig, ChangesWhatIsNamedAndNothingElse) {
    const ImagePtr base = foreign_base("[{}]");
    const ImagePtr image = must(with_config(
        base, {.env = {{.name = "PATH", .value = "/opt/bin", .kind = EnvChange::Kind::prepend},
                       {.name = "NVIDIA_VISIBLE_DEVICES", .value = "0"},
                       {.name = "NEW", .value = "a=b c\n\"d\""},
                       {.name = "LIST", .value = "x", .kind = EnvChange::Kind::prepend}},
               .user = "1001:0",
               .working_dir = "/work",
               .labels = {{"l", "v"}},
               .annotations = {{"a", "b"}},
               .created_by = "envpack build",
               .created = 0}));
    const ImageConfig config = must(config_of(*image));
    EXPECT_EQ(config.env,
              (std::vector<std::string>{"PATH=/opt/bin:/usr/bin", "NVIDIA_VISIBLE_DEVICES=0",
                                        "NEW=a=b c\n\"d\"", "LIST=x"}));
    EXPECT_EQ(config.user, "1001:0");
    EXPECT_EQ(config.working_dir, "/work");
    EXPECT_EQ(*config.cmd, std::vector<std::string>{"bash"});
    EXPECT_EQ(at(config.document, {"config", "Labels"}), R"({"l":"v"})");
    EXPECT_EQ(at(config.document, {"config", "Healthcheck"}), R"({"Test":["NONE"]})");
    EXPECT_EQ(at(config.document, {"config", "OnBuild"}), R"(["RUN true"])");
    EXPECT_EQ(at(config.document, {"history"}),
              R"([{},{"created":"1970-01-01T00:00:00Z","created_by":"envpack build",)"
              R"("empty_layer":true}])");
    EXPECT_EQ(must(manifest_of(*image)).annotations.at("a"), "b");
    EXPECT_EQ(must(manifest_of(*image)).annotations.at("title"), "kept");
    EXPECT_EQ(image->layers(), base->layers());
    EXPECT_EQ(must(with_config(image, {}))->raw_config(), image->raw_config());
}

TEST(WithConfig, ANewEntrypointDropsTheOldCommand) {
    const ImagePtr base = foreign_base("[{}]");
    const ImageConfig without =
        must(config_of(*must(with_config(base, {.entrypoint = {{"python"}}}))));
    EXPECT_EQ(*without.entrypoint, std::vector<std::string>{"python"});
    EXPECT_FALSE(without.cmd);
    const ImageConfig with =
        must(config_of(*must(with_config(base, {.entrypoint = {{"python"}}, .cmd = {{"-i"}}}))));
    EXPECT_EQ(*with.cmd, std::vector<std::string>{"-i"});
}

TEST(WithConfig, PortsAndVolumesAreAddedToThoseOfTheBase) {
    const ImagePtr base =
        must(with_config(image_of({}), {.ports = {"80"}, .volumes = {"/var/data"}}));
    const ImagePtr image =
        must(with_config(base, {.ports = {"80/tcp", "53/udp", "9/sctp"}, .volumes = {"/srv"}}));
    const json::Value document = must(json::parse(image->raw_config()));
    EXPECT_EQ(json::to_canonical(*document.find("config")->find("ExposedPorts")),
              R"({"53/udp":{},"80/tcp":{},"9/sctp":{}})");
    EXPECT_EQ(json::to_canonical(*document.find("config")->find("Volumes")),
              R"({"/srv":{},"/var/data":{}})");
}

TEST(WithConfig, RefusesWhatNoProcessCouldGet) {
    const ImagePtr base = foreign_base("[{}]");
    const std::string nul("a\0b", 3);
    const ConfigChange changes[] = {
        {.env = {{.name = "", .value = "x"}}},
        {.env = {{.name = "A=B", .value = "x"}}},
        {.env = {{.name = "A", .value = nul}}},
        {.env = {{.name = nul, .value = "x"}}},
        {.user = nul},
        {.working_dir = nul},
        {.entrypoint = {{nul}}},
        {.cmd = {{nul}}},
        {.ports = {"0"}},
        {.ports = {""}},
        {.ports = {"99999999999999999999"}},
        {.ports = {"80/"}},
        {.ports = {nul}},
        {.volumes = {"data"}},
        {.volumes = {std::string("/a\0b", 4)}},
        {.labels = {{"", "v"}}},
        {.labels = {{"l", nul}}},
    };
    for (const ConfigChange& change : changes) {
        EXPECT_EQ(verdict(with_config(base, change)), "oci.config-change");
    }
    EXPECT_EQ(verdict(with_config(as_docker(*image_of({})), {.annotations = {{"a", "b"}}})),
              "oci.docker-annotations");
}

TEST(AsOci, ChangesTypesAndNoBlob) {
    const ImagePtr image = image_of({{file("a", "1")}});
    EXPECT_EQ(must(as_oci(image)), image);
    const ImagePtr docker = as_docker(*image);
    const ImagePtr converted = must(as_oci(docker));
    EXPECT_EQ(converted->media_type(), media_type::oci_manifest);
    EXPECT_FALSE(must(manifest_of(*converted)).is_mixed());
    EXPECT_EQ(converted->raw_manifest(), image->raw_manifest());
    EXPECT_EQ(converted->raw_config(), image->raw_config());
    EXPECT_EQ(converted->layers()[0]->descriptor(), image->layers()[0]->descriptor());
    const auto source = must(converted->layers()[0]->open({}));
    EXPECT_EQ(must(read_all(*source, 1u << 20)).size(), image->layers()[0]->descriptor().size);
}

TEST(AsOci, MendsAMixedImage) {
    const ImagePtr image = image_of({{file("a", "1")}});
    std::string raw = image->raw_manifest();
    raw.replace(raw.find(media_type::oci_layer_gzip), media_type::oci_layer_gzip.size(),
                media_type::docker_layer_gzip);
    const ImagePtr mixed =
        must(make_image(image->media_type(), raw, image->raw_config(), image->layers()));
    EXPECT_EQ(must(as_oci(mixed))->raw_manifest(), image->raw_manifest());
}

TEST(MakeImage, PartsMustFit) {
    const ImagePtr a = image_of({{file("a", "1")}});
    const ImagePtr b = image_of({{file("b", "2")}});
    const std::string type(media_type::oci_manifest);
    EXPECT_EQ(verdict(make_image(type, a->raw_manifest(), b->raw_config(), a->layers())),
              "oci.config-digest");
    EXPECT_EQ(verdict(make_image(type, a->raw_manifest(), a->raw_config(), b->layers())),
              "invalid_argument");
    EXPECT_EQ(verdict(make_image(type, a->raw_manifest(), a->raw_config(), {})),
              "invalid_argument");
}

// The bytes are a promise: design rule 10. The layer is plain tar here, so that these digests
// depend on no compressor. They were computed with CPython's tarfile, json and hashlib as well.
TEST(Golden, ASmallImageHasTheseDigests) {
    const LayerPtr layer =
        layer_of({test::folder("opt"), test::folder("opt/app"),
                  file("opt/app/run", "#!/bin/sh\n", 0755), test::link("opt/app/go", "run")},
                 archive::Compression::none);
    EXPECT_EQ(layer->diff_id(), layer->descriptor().digest);
    ImagePtr image =
        must(append(empty_image({}, 1'700'000'000),
                    {{.layer = layer, .created_by = "envpack build"}}, {.created = 1'700'000'000}));
    image = must(with_config(image, {.env = {{.name = "PATH", .value = "/opt/app"}}}));
    EXPECT_EQ(layer->diff_id().to_string(),
              "sha256:55ab057eea2f4141db8c4a4bd98f474d51e6149eb9c45f0b522d3f3ea3c6e2ff");
    EXPECT_EQ(Digest::of(as_bytes(image->raw_config())).to_string(),
              "sha256:0d9a7b0e891f746b38e009c20cf6c465da2205d418085caa616decb39d885a2d");
    EXPECT_EQ(digest_of(*image).to_string(),
              "sha256:7115b546747eec043cf92080fed2e2f91d1bee089fd7e4294fbf4ad920ff17b0");
}

// Pushing.

/// Counts what is pushed, and fails at will. Stands between push_image and a target.
class WatchedTarget final : public Target {
public:
    Result<bool> exists(const Descriptor& descriptor, const RunContext& run) const override {
        return inner.exists(descriptor, run);
    }
    Result<std::unique_ptr<ByteSource>> fetch(const Descriptor& descriptor,
                                              const RunContext& run) const override {
        ++fetched;
        return inner.fetch(descriptor, run);
    }
    Result<std::vector<Descriptor>> find(std::string_view name,
                                         const RunContext& run) const override {
        return inner.find(name, run);
    }
    Result<std::vector<std::string>> tags(const RunContext& run) const override {
        return inner.tags(run);
    }
    std::string description() const override { return "watched"; }
    Result<void> push(const Descriptor& expected, ByteSource& content,
                      const RunContext& run) override {
        if (pushed.size() == fail_at) {
            return fail(ErrorCode::io_error, "no space left");
        }
        pushed.push_back(expected.media_type);
        return inner.push(expected, content, run);
    }
    Result<void> tag(const Descriptor& descriptor, std::string_view name,
                     const RunContext& run) override {
        return inner.tag(descriptor, name, run);
    }

    MemoryTarget inner;
    std::vector<std::string> pushed;
    mutable int fetched = 0;
    std::size_t fail_at = SIZE_MAX;
};

const RunContext one_thread{.max_parallel = 1};

TEST(PushImage, SendsLayersThenConfigThenManifest) {
    WatchedTarget target;
    const ImagePtr image = image_of({{file("a", "1")}, {file("b", "2")}, {file("a", "1")}});
    const Descriptor pushed = must(push_image(*image, target, "t", one_thread));
    EXPECT_EQ(pushed, descriptor_of(*image));
    EXPECT_EQ(target.pushed,
              (std::vector<std::string>{
                  std::string(media_type::oci_layer_gzip), std::string(media_type::oci_layer_gzip),
                  std::string(media_type::oci_config), std::string(media_type::oci_manifest)}));
}

TEST(PushImage, BaseLayersInTheSamePlaceAreNotEvenRead) {
    const auto target = std::make_shared<WatchedTarget>();
    must(push_image(*image_of({{file("a", "1")}}), *target, "base", one_thread));
    const ImagePtr base = must(resolve_image(target, "base", {}));
    const ImagePtr image = must(append(base, {{.layer = layer_of({file("b", "2")})}}, {}));
    target->fetched = 0;
    target->pushed.clear();
    must(push_image(*image, *target, "new", one_thread));
    EXPECT_EQ(target->fetched, 0);
    EXPECT_EQ(target->pushed.size(), 3u);  // one layer, config, manifest
}

TEST(PushImage, FailureAtAnyStepLeavesTheOldTag) {
    for (std::size_t step = 0; step < 4; ++step) {
        WatchedTarget target;
        const ImagePtr old = image_of({{file("old", "")}});
        must(push_image(*old, target, "t", one_thread));
        target.fail_at = target.pushed.size() + step;
        const ImagePtr image = image_of({{file("a", "1")}, {file("b", "2")}});
        EXPECT_EQ(push_image(*image, target, "t", one_thread).error().code(), ErrorCode::io_error);
        EXPECT_EQ(must(target.find("t", {})).at(0).digest, digest_of(*old)) << step;
        target.fail_at = SIZE_MAX;
        must(push_image(*image, target, "t", one_thread));
        EXPECT_EQ(must(target.find("t", {})).at(0).digest, digest_of(*image));
    }
}

TEST(PushImage, ACorruptBaseLayerNeverArrives) {
    const test::TempFolder scratch;
    const auto from = must(LayoutTarget::open_or_create(scratch / "from"));
    must(push_image(*image_of({{file("a", std::string(100'000, 'a'))}}), *from, "t"));
    const ImagePtr image = must(resolve_image(from, "t", {}));
    const Descriptor layer = image->layers()[0]->descriptor();
    const std::string name = "from/blobs/sha256/" + layer.digest.hex();
    std::string blob = test::slurp(scratch / name);
    blob.back() = static_cast<char>(blob.back() ^ 1);
    scratch.write(name, blob);

    const auto to = must(LayoutTarget::open_or_create(scratch / "to"));
    const auto pushed = push_image(*image, *to, "t");
    EXPECT_EQ(verdict(pushed), "oci.blob-digest");
    EXPECT_FALSE(must(to->exists(layer, {})));
    EXPECT_TRUE(must(to->tags({})).empty());
}

TEST(PushImage, TwiceIsByteForByteTheSameLayout) {
    const test::TempFolder scratch;
    const auto write = [&](std::string_view name) {
        const auto layout = must(LayoutTarget::open_or_create(scratch / name));
        must(push_image(*image_of({{file("a", "1")}, {file("b", "2")}}), *layout, "t"));
        return test::slurp(scratch / (std::string(name) + "/index.json"));
    };
    EXPECT_EQ(write("one"), write("two"));
}

TEST(MakeLayer, LeavesNoFileBehind) {
    const test::TempFolder scratch;
    const LayerPtr layer = must(
        make_layer(std::vector<archive::PlannedEntry>{file("a", "1")}, {}, scratch / "deep/er"));
    EXPECT_TRUE(std::filesystem::is_empty(scratch / "deep/er"));
    const auto source = must(layer->open({}));
    EXPECT_EQ(must(read_all(*source, 1u << 20)).size(), layer->descriptor().size);
    EXPECT_EQ(layer_recipe({}), "envpack layer format 2, gzip encoder 2");
    const std::string estargz = layer_recipe({.estargz = true});
    EXPECT_EQ(estargz, "envpack layer format 2, gzip encoder 2, estargz 1");
    EXPECT_TRUE(recipe_makes_estargz(estargz));
    EXPECT_FALSE(recipe_makes_estargz(layer_recipe({})));
    EXPECT_FALSE(recipe_makes_estargz("COPY x, estargz 1"));
}

}  // namespace
}  // namespace envpack::oci
