#include "envpack/cuda/index_plan.hpp"

#include "envpack/cuda/torch_matrix.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using packaging::SpecifierSet;

/// A question as a row of a table; empty texts are left open.
struct Row {
    std::string torch = {};
    std::string cuda = {};
    std::string gpus = {};
    std::string driver = {};
    std::string python = {};
    std::string machine = "x86_64";
    bool other_major = false;
    bool cpu = false;
};

IndexQuestion question(const Row& row) {
    IndexQuestion asked{.torch = SpecifierSet::parse(row.torch).value(),
                        .machine = row.machine,
                        .python = row.python,
                        .cpu = row.cpu,
                        .gpus = GpuTable::load()->find_list(row.gpus).value(),
                        .allow_other_major = row.other_major};
    if (!row.cuda.empty()) {
        asked.cuda = CudaVersion::parse(row.cuda).value();
    }
    if (!row.driver.empty()) {
        asked.driver = DriverVersion::parse(row.driver).value();
    }
    return asked;
}

IndexPlan plan(const Row& row) {
    const IndexAnswer answer = plan_index(question(row)).value();
    if (const auto* conflict = std::get_if<IndexConflict>(&answer)) {
        ADD_FAILURE() << conflict->to_string();
        return IndexPlan{.suffix = "none", .torch = packaging::Version::parse("0").value()};
    }
    return std::get<IndexPlan>(answer);
}

IndexConflict conflict(const Row& row) {
    const IndexAnswer answer = plan_index(question(row)).value();
    if (const auto* plan = std::get_if<IndexPlan>(&answer)) {
        ADD_FAILURE() << plan->suffix << ": " << plan->reason;
        return {};
    }
    return std::get<IndexConflict>(answer);
}

std::string why(const std::vector<DroppedIndex>& dropped, std::string_view suffix) {
    const auto found = std::find_if(dropped.begin(), dropped.end(),
                                    [&](const auto& one) { return one.suffix == suffix; });
    return found == dropped.end() ? "not dropped" : found->reason;
}

bool any_has(const std::vector<std::string>& texts, std::string_view part) {
    return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
        return text.find(part) != std::string::npos;
    });
}

TEST(IndexPlan, TheIndexFitsTheCudaOfTheImage) {
    const struct {
        Row row;
        std::string suffix;
    } rows[] = {
        {{.torch = "==2.6.*", .cuda = "12.5"}, "cu124"},
        {{.torch = "==2.7.*", .cuda = "12.5"}, "cu126"},
        {{.torch = "==2.13.*", .cuda = "13.3"}, "cu132"},
        {{.torch = "==2.13.*", .cuda = "13.4"}, "cu132"},
        {{.torch = "==2.11.*", .cuda = "13.3"}, "cu130"},
        {{.torch = "==2.13.0", .cuda = "13.1.1.006"}, "cu130"},
        {{.torch = "==2.4.0", .cuda = "12.4.1.003"}, "cu124"},
        {{.torch = "==2.3.*", .cuda = "12.0.1"}, "cu121"},
        {{.torch = "==2.5.1", .cuda = "12.3"}, "cu121"},
        {{.torch = "==2.11.0", .cuda = "13.4", .machine = "aarch64"}, "cu130"},
        {{.torch = "==2.8.0", .cuda = "12.8", .machine = "aarch64"}, "cu129"},
        {{.torch = "==2.7.0", .cuda = "12.6", .machine = "aarch64"}, "cu128"},
    };
    for (const auto& [row, suffix] : rows) {
        EXPECT_EQ(plan(row).suffix, suffix) << row.torch << " " << row.cuda << " " << row.machine;
    }
}

TEST(IndexPlan, EveryIndexOfEveryReleaseIsFoundByItsOwnCuda) {
    const TorchMatrix matrix = TorchMatrix::load().value();
    for (const TorchRelease& release : matrix.releases()) {
        for (const std::string machine : {"x86_64", "aarch64"}) {
            const auto* suffixes = release.suffixes_for(machine);
            for (const std::string& suffix :
                 suffixes == nullptr ? std::vector<std::string>() : *suffixes) {
                const IndexPlan found = plan({.torch = "==" + release.torch.to_string(),
                                              .cuda = matrix.index(suffix)->cuda.to_string(),
                                              .machine = machine});
                EXPECT_EQ(found.suffix, suffix) << release.torch.to_string() << " " << machine;
                EXPECT_EQ(found.url, "https://download.pytorch.org/whl/" + suffix);
                EXPECT_EQ(found.torch, release.torch);
                EXPECT_EQ(found.dropped.size() + 1, matrix.indexes().size());
                const bool is_told = any_has(found.notes, "are not verified");
                EXPECT_EQ(is_told, !release.is_verified) << release.torch.to_string();
            }
        }
    }
}

TEST(IndexPlan, WhateverTheCudaTheIndexExists) {
    const TorchMatrix matrix = TorchMatrix::load().value();
    std::vector<std::string> before;
    for (const TorchRelease& release : matrix.releases()) {
        if (std::exchange(before, release.suffixes) == release.suffixes) {
            continue;
        }
        for (unsigned major = 10; major <= 14; ++major) {
            for (unsigned minor = 0; minor <= 9; ++minor) {
                IndexQuestion asked = question({.torch = "==" + release.torch.to_string()});
                asked.cuda = CudaVersion{.major = major, .minor = minor};
                const IndexAnswer answer = plan_index(asked).value();
                const bool has_major = std::any_of(
                    release.suffixes.begin(), release.suffixes.end(),
                    [&](const auto& suffix) { return matrix.index(suffix)->cuda.major == major; });
                const auto* found = std::get_if<IndexPlan>(&answer);
                ASSERT_EQ(found != nullptr, has_major) << asked.cuda->to_string();
                if (found != nullptr) {
                    EXPECT_NE(
                        std::find(release.suffixes.begin(), release.suffixes.end(), found->suffix),
                        release.suffixes.end());
                    EXPECT_EQ(found->cuda->major, major);
                }
            }
        }
    }
}

TEST(IndexPlan, WithoutMoreItIsTheCudaOfTheDefaultIndex) {
    const TorchMatrix matrix = TorchMatrix::load().value();
    for (const TorchRelease& release : matrix.releases()) {
        EXPECT_EQ(plan({.torch = "==" + release.torch.to_string()}).suffix, release.default_suffix);
    }
}

TEST(IndexPlan, AnotherMajorVersionIsAConflictUnlessItIsAllowed) {
    const IndexConflict found = conflict({.torch = "==2.8.*", .cuda = "11.8"});
    EXPECT_EQ(why(found.dropped, "cu126"),
              "CUDA 12.6 is another major version than the image's 11.8");
    EXPECT_EQ(why(found.dropped, "cu118"), "has only torch 2.0.0 to 2.7.1");
    EXPECT_TRUE(any_has(found.ways_out, "torch 2.7.1, of cu118"));
    EXPECT_TRUE(any_has(found.ways_out, "--allow-other-major, which gives torch 2.8.0 of cu126"));
    EXPECT_TRUE(any_has(found.ways_out, "an image with CUDA 12.8"));

    const IndexPlan allowed = plan({.torch = "==2.8.*", .cuda = "11.8", .other_major = true});
    EXPECT_EQ(allowed.suffix, "cu126");
    EXPECT_TRUE(any_has(allowed.notes, "extensions cannot be compiled"));
}

TEST(IndexPlan, NoWheelWithoutCodeForTheGpu) {
    const IndexPlan volta = plan({.torch = "==2.12.*", .gpus = "V100"});
    EXPECT_EQ(volta.suffix, "cu126");
    EXPECT_EQ(why(volta.dropped, "cu130"), "its torch 2.12.1 has no code for V100 (7.0)");
    EXPECT_TRUE(any_has(volta.notes, "torch 2.12.1 from the default index is for CUDA 13.0"));

    const IndexPlan blackwell = plan({.torch = "==2.12.1", .gpus = "B200"});
    EXPECT_EQ(blackwell.suffix, "cu132");
    EXPECT_EQ(why(blackwell.dropped, "cu126"), "its torch 2.12.1 has no code for B200 (10.0)");

    const IndexConflict both = conflict({.torch = "==2.12.1", .gpus = "V100,B200"});
    EXPECT_TRUE(any_has(both.ways_out, "torch 2.10.0, of cu128"));
    EXPECT_EQ(plan({.torch = "", .gpus = "V100,B200"}).torch.to_string(), "2.10.0");

    const IndexConflict base = conflict({.torch = "==2.12.1", .cuda = "13.0", .gpus = "V100"});
    EXPECT_EQ(why(base.dropped, "cu126"),
              "CUDA 12.6 is another major version than the image's 13.0");
    EXPECT_TRUE(any_has(base.ways_out, "an image with CUDA 12.6"));
}

TEST(IndexPlan, PtxCountsOnlyWithADriverThatCompilesIt) {
    // sm_110 of a Jetson is not in the wheels for x86_64, and no later GPU is in the table: the
    // PTX of 12.0 is what a wheel of cu129 has for nothing else, so a made-up one stands for it.
    Gpu later{.name = "later", .capability = {.major = 13, .minor = 0}};
    IndexQuestion asked = question({.torch = "==2.13.0"});
    asked.gpus = {later};
    const IndexAnswer without = plan_index(asked).value();
    ASSERT_TRUE(std::holds_alternative<IndexConflict>(without));
    EXPECT_EQ(why(std::get<IndexConflict>(without).dropped, "cu130"),
              "its torch 2.13.0 has only PTX for later (13.0), which needs a driver of CUDA 13.0 "
              "(580 or later)");
    asked.driver = DriverVersion::parse("580").value();
    const auto with = std::get<IndexPlan>(plan_index(asked).value());
    EXPECT_EQ(with.suffix, "cu130");
    EXPECT_EQ(why(with.dropped, "cu132"),
              "its torch 2.13.0 has only PTX for later (13.0), which needs a driver of CUDA 13.2 "
              "(595 or later)");
    EXPECT_TRUE(any_has(with.notes, "compiles it at first use"));
}

TEST(IndexPlan, WhatNobodyKnowsIsNoYes) {
    const IndexPlan found = plan({.torch = "==1.11.0", .cuda = "11.5.0", .gpus = "A100"});
    EXPECT_EQ(found.suffix, "cu113");
    EXPECT_EQ(why(found.dropped, "cu115"),
              "for which GPUs its torch 1.11.0 has code on x86_64 is not known");
    EXPECT_EQ(plan({.torch = "==1.11.0", .cuda = "11.5.0"}).suffix, "cu115");
}

TEST(IndexPlan, TheDriverHasThreeAnswers) {
    const Row row{.torch = "==2.13.0", .cuda = "13.0", .driver = "550.54.14"};
    EXPECT_EQ(why(conflict(row).dropped, "cu130"),
              "CUDA 13.0 needs driver 580 or later, not 550.54.14");
    EXPECT_TRUE(any_has(conflict(row).ways_out, "driver 580 or later, for torch 2.13.0 of cu130"));

    const IndexPlan reduced = plan({.torch = "==2.13.0", .driver = "550"});
    EXPECT_EQ(reduced.suffix, "cu126");
    EXPECT_TRUE(any_has(reduced.notes, "minor-version compatibility"));

    const IndexPlan full = plan({.torch = "==2.8.0", .driver = "570.86.10"});
    EXPECT_EQ(full.suffix, "cu128");
    EXPECT_TRUE(full.notes.empty());
}

TEST(IndexPlan, FromTorch211OnThePlainInstallNeedsDriver580) {
    for (const std::string torch : {"2.11.0", "2.12.0", "2.12.1", "2.13.0", "2.14.0"}) {
        const IndexPlan found = plan({.torch = "==" + torch, .driver = "575.57.08"});
        EXPECT_EQ(found.cuda->major, 12U) << torch;
        EXPECT_TRUE(any_has(found.notes, "torch " + torch + " from the default index is for CUDA"))
            << torch;
    }
    EXPECT_FALSE(
        any_has(plan({.torch = "==2.10.0", .driver = "575.57.08"}).notes, "default index"));
}

TEST(IndexPlan, ARangeTakesTheNewestReleaseThatFits) {
    const IndexPlan found = plan({.torch = ">=2.4", .cuda = "11.8", .python = "3.12"});
    EXPECT_EQ(found.torch.to_string(), "2.7.1");
    EXPECT_EQ(found.suffix, "cu118");
    EXPECT_NE(found.reason.find("no index fits for torch 2.15.0 and others before"),
              std::string::npos);
}

TEST(IndexPlan, ALocalVersionIsADemandForOneIndex) {
    const IndexPlan found = plan({.torch = "==2.12.1+cu126", .cuda = "12.6"});
    EXPECT_EQ(found.suffix, "cu126");
    EXPECT_EQ(why(found.dropped, "cu130"),
              "torch 2.12.1+cu130 is another build than `==2.12.1+cu126`");
    EXPECT_EQ(plan({.torch = "==2.12.1+cpu", .cpu = true}).suffix, "cpu");
}

TEST(IndexPlan, ReleasesOfTheIndexWithoutCodeForTheGpusAreNamed) {
    EXPECT_TRUE(plan({.torch = "==2.10.0", .cuda = "12.8"}).fitting.empty());
    const IndexPlan found = plan({.torch = ">=2.9", .cuda = "12.8", .gpus = "V100,B200"});
    EXPECT_EQ(found.suffix, "cu128");
    EXPECT_EQ(found.torch.to_string(), "2.10.0");
    EXPECT_EQ(found.fitting.to_string(), "!=2.11.0,<=2.11.0");
    EXPECT_TRUE(found.fitting.contains(packaging::Version::parse("2.10.0+cu128").value()));
    EXPECT_FALSE(found.fitting.contains(packaging::Version::parse("2.11.0+cu128").value()));
}

TEST(IndexPlan, AVersionThatIsMissingAndOneWithoutAWheelHereAreToldApart) {
    const IndexConflict python = conflict({.torch = "==2.5.1", .python = "3.13"});
    EXPECT_EQ(why(python.dropped, "cu124"),
              "torch 2.5.1 has no wheel for Python 3.13, only for 3.9, 3.10, 3.11, 3.12");
    EXPECT_TRUE(any_has(python.ways_out, "another Python, for torch 2.5.1 of cu124"));
    EXPECT_FALSE(plan({.torch = "==2.13.0", .python = "3.14t"}).suffix.empty());

    const IndexConflict machine = conflict({.torch = "==2.5.1", .machine = "aarch64"});
    EXPECT_EQ(why(machine.dropped, "cu124"), "no CUDA wheel of torch 2.5.1 for aarch64 is known");

    const IndexConflict version = conflict({.torch = "==2.99"});
    EXPECT_EQ(why(version.dropped, "cu124"), "has only torch 2.4.0 to 2.6.0");
    EXPECT_NE(version.headline.find("newest torch that is known is 2.15.0"), std::string::npos);
}

TEST(IndexPlan, TheCpuIndexHasEveryRelease) {
    const IndexPlan found = plan({.torch = "==2.13.0", .python = "3.12", .cpu = true});
    EXPECT_EQ(found.suffix, "cpu");
    EXPECT_EQ(found.url, "https://download.pytorch.org/whl/cpu");
    EXPECT_EQ(found.cuda, std::nullopt);
    const IndexConflict none = conflict({.torch = "==2.13.0", .python = "3.9", .cpu = true});
    EXPECT_NE(why(none.dropped, "cpu").find("no wheel for Python 3.9"), std::string::npos);
}

TEST(IndexPlan, TheReasonNamesWhatToolsInvent) {
    EXPECT_EQ(plan({.torch = "==2.6.0", .cuda = "12.5.1"}).reason,
              "cu124 is the highest index up to the image's CUDA 12.5 (cu125 was never published)");
    EXPECT_EQ(plan({.torch = "==2.7.0", .cuda = "12.5"}).reason,
              "cu126 is the lowest index above the image's CUDA 12.5, and none below fits (cu125 "
              "was never published)");
    EXPECT_EQ(plan({.torch = "==2.6.0", .cuda = "12.6"}).reason,
              "cu126 is the index for the image's CUDA 12.6");
}

TEST(IndexPlan, JsonHasWhatAProgramAsksFor) {
    const json::Value document = plan({.torch = "==2.13.0", .cuda = "13.3"}).to_json();
    EXPECT_EQ(*json::string_at(document, "suffix"), "cu132");
    EXPECT_EQ(*json::string_at(document, "url"), "https://download.pytorch.org/whl/cu132");
    EXPECT_EQ(*json::string_at(document, "torch"), "2.13.0");
    EXPECT_EQ(*json::string_at(document, "cuda"), "13.2");
    EXPECT_EQ(*json::string_at(*document.find("family"), "torchvision"), "0.28.0");
    EXPECT_FALSE(json::string_at(document, "reason")->empty());
    for (const json::Value& dropped : **json::array_at(document, "dropped")) {
        EXPECT_FALSE(json::string_at(dropped, "reason")->empty());
    }
}

}  // namespace
}  // namespace envpack::cuda
