#include "envpack/cuda/ecosystem_plan.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using packaging::PackageName;
using packaging::Requirement;
using packaging::Version;

const std::vector<std::string> runtime_libraries{"libcublas", "libcudart",   "libcufft",
                                                 "libcurand", "libcusolver", "libcusparse",
                                                 "libnccl",   "libnvrtc",    "libnvJitLink"};

/// A target as a row of a table; empty texts are left open.
struct Target {
    std::string cuda = {};
    std::string driver = {};
    std::string gpus = {};
    std::string cudnn = {};
    bool runtime = false;  ///< the base has the libraries of a `runtime` image
    bool devel = false;    ///< and CUPTI
    std::string torch = {};
    std::string torch_cuda = {};
    bool torch_provided = false;
    bool cpu = false;
    bool other_major = false;
    std::vector<std::string> provided = {};
};

EcosystemQuestion question(const Target& row) {
    EcosystemQuestion asked{.cpu = row.cpu,
                            .gpus = GpuTable::load()->find_list(row.gpus).value(),
                            .allow_other_major = row.other_major};
    if (!row.cuda.empty()) {
        asked.cuda = CudaVersion::parse(row.cuda).value();
    }
    if (row.runtime || row.devel) {
        asked.toolkit = asked.cuda;
        asked.libraries = runtime_libraries;
    }
    if (row.devel) {
        asked.libraries.emplace_back("libcupti");
    }
    if (!row.cudnn.empty()) {
        asked.cudnn = Version::parse(row.cudnn).value();
    }
    if (!row.driver.empty()) {
        asked.driver = DriverVersion::parse(row.driver).value();
    }
    if (!row.torch.empty()) {
        asked.torch = EcosystemTorch{.version = Version::parse(row.torch).value(),
                                     .is_provided = row.torch_provided};
        if (!row.torch_cuda.empty()) {
            asked.torch->cuda = CudaVersion::parse(row.torch_cuda).value();
        }
    }
    for (const std::string& name : row.provided) {
        asked.provided.push_back(PackageName::parse(name).value());
    }
    return asked;
}

EcosystemChoice choice(const std::string& requirement, const Target& row) {
    const auto answer =
        plan_ecosystem(Requirement::parse(requirement).value(), question(row)).value();
    if (!answer || !std::holds_alternative<EcosystemChoice>(*answer)) {
        ADD_FAILURE() << requirement << ": "
                      << (answer ? std::get<EcosystemConflict>(*answer).to_string() : "no answer");
        return {.requirement = Requirement::parse("none").value()};
    }
    return std::get<EcosystemChoice>(*answer);
}

EcosystemConflict conflict(const std::string& requirement, const Target& row) {
    const auto answer =
        plan_ecosystem(Requirement::parse(requirement).value(), question(row)).value();
    if (!answer || !std::holds_alternative<EcosystemConflict>(*answer)) {
        ADD_FAILURE() << requirement << ": "
                      << (answer ? std::get<EcosystemChoice>(*answer).requirement.to_string()
                                 : "no answer");
        return {};
    }
    return std::get<EcosystemConflict>(*answer);
}

std::string limits(const EcosystemChoice& chosen) {
    std::string text;
    for (const Requirement& limit : chosen.limits) {
        text += (text.empty() ? "" : " ") + limit.to_string();
    }
    return text;
}

bool mentions(const std::vector<std::string>& texts, std::string_view piece) {
    return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
        return text.find(piece) != std::string::npos;
    });
}

struct Expected {
    std::string asked;
    Target target;
    std::string requirement;
    std::string limit = {};
};

TEST(EcosystemPlan, ChoosesTheBuild) {
    const Expected rows[] = {
        // jax: the base's libraries where all are there, its own otherwise.
        {"jax",
         {.cuda = "12.4", .cudnn = "9.8", .devel = true},
         "jax[cuda12-local]",
         "jax>=0.4.30"},
        {"jax", {.cuda = "12.4", .cudnn = "9.1", .devel = true}, "jax[cuda12]", "jax>=0.4.26"},
        {"jax<0.6",
         {.cuda = "12.4", .cudnn = "9.1", .devel = true},
         "jax[cuda12-local]<0.6",
         "jax<0.6.0,>=0.4.30"},
        {"jax==0.4.30",
         {.cuda = "12.4", .cudnn = "9.1", .devel = true},
         "jax[cuda12-local]==0.4.30"},
        {"jax==0.4.30", {.cuda = "12.4", .cudnn = "8.9.7", .devel = true}, "jax[cuda12]==0.4.30"},
        {"jax==0.4.28", {.cuda = "12.4", .cudnn = "8.9.7", .devel = true}, "jax[cuda12]==0.4.28"},
        {"jax", {.cuda = "12.4", .cudnn = "9.8", .runtime = true}, "jax[cuda12]", "jax>=0.4.26"},
        {"jax", {.cuda = "12.0", .cudnn = "9.8", .devel = true}, "jax[cuda12]", "jax>=0.4.26"},
        {"jax", {.cuda = "12.4"}, "jax[cuda12]", "jax>=0.4.26"},
        {"jax", {.cuda = "13.3.1"}, "jax[cuda13]", "jax>=0.7.2"},
        {"jax",
         {.cuda = "13.0", .cudnn = "9.13", .devel = true},
         "jax[cuda13-local]",
         "jax>=0.7.2"},
        {"jax", {.cuda = "13.0", .cudnn = "9.10", .devel = true}, "jax[cuda13]", "jax>=0.7.2"},
        {"jax[k8s]", {.cuda = "13.0"}, "jax[cuda13,k8s]", "jax>=0.7.2"},
        {"jax", {}, "jax[cuda12]", "jax>=0.4.26"},  // what jax[cuda] means
        {"jax", {.driver = "580"}, "jax[cuda13]", "jax>=0.7.2"},
        {"jax", {.driver = "550"}, "jax[cuda12]", "jax>=0.4.26"},
        {"jax", {.driver = "580", .gpus = "V100"}, "jax[cuda12]", "jax>=0.4.26"},
        {"jax", {.torch = "2.6.0", .torch_cuda = "12.4"}, "jax[cuda12]", "jax>=0.4.26"},
        {"jax[cuda]>=0.8", {.cuda = "12.8"}, "jax[cuda]>=0.8"},
        {"jax[cuda13]>=0.8", {.cuda = "12.8"}, "jax[cuda13]>=0.8"},  // brings its own
        {"jax; python_version > '3'",
         {.cuda = "12.8"},
         "jax[cuda12]; python_version > \"3\"",
         "jax>=0.4.26"},
        // tensorflow
        {"tensorflow", {.cuda = "12.6"}, "tensorflow[and-cuda]", "tensorflow>=2.15"},
        {"tensorflow",
         {.cuda = "12.6", .cudnn = "9.5", .runtime = true},
         "tensorflow",
         "tensorflow>=2.18"},
        {"tensorflow",
         {.cuda = "12.4", .cudnn = "9.5", .runtime = true},
         "tensorflow[and-cuda]",
         "tensorflow>=2.15"},
        {"tensorflow==2.16.1",
         {.cuda = "12.4", .cudnn = "8.9.7", .runtime = true},
         "tensorflow==2.16.1"},
        {"tensorflow", {.cuda = "11.8"}, "tensorflow[and-cuda]", "tensorflow<2.15,>=2.14"},
        {"tensorflow",
         {.cuda = "13.0", .other_major = true},
         "tensorflow[and-cuda]",
         "tensorflow>=2.15"},
        {"tensorflow[and-cuda]>=2.18", {.cuda = "13.0"}, "tensorflow[and-cuda]>=2.18"},
        // cupy
        {"cupy", {.cuda = "12.4", .runtime = true}, "cupy-cuda12x"},
        {"cupy", {.cuda = "12.4"}, "cupy-cuda12x[ctk]"},
        {"cupy>=13,<14", {.cuda = "12.4"}, "cupy-cuda12x<14,>=13"},
        {"cupy", {.cuda = "13.0"}, "cupy-cuda13x[ctk]"},
        {"cupy", {.cuda = "11.8", .runtime = true}, "cupy-cuda11x"},
        {"cupy", {.driver = "570"}, "cupy-cuda12x[ctk]"},
        {"cupy-cuda12x", {.cuda = "12.4"}, "cupy-cuda12x"},
        {"cupy-cuda13x[ctk]", {.cuda = "12.4"}, "cupy-cuda13x[ctk]"},
        {"cupy", {}, "cupy"},  // nothing tells
        {"cupy", {.cuda = "13.0", .provided = {"cupy-cuda12x"}}, "cupy-cuda12x"},
        // RAPIDS
        {"cudf", {.cuda = "12.5"}, "cudf-cu12"},
        {"dask-cudf==25.12.*", {.cuda = "13.1"}, "dask-cudf-cu13==25.12.*"},
        {"cuml<25.8", {.cuda = "11.8"}, "cuml-cu11<25.8"},
        {"cudf-cu12", {.cuda = "13.0"}, "cudf-cu12"},  // brings its own
        {"cudf", {.cuda = "12.5", .provided = {"cudf"}}, "cudf"},
        // onnxruntime-gpu
        {"onnxruntime-gpu",
         {.cuda = "12.4", .cudnn = "9.1", .runtime = true},
         "onnxruntime-gpu",
         "onnxruntime-gpu<1.27,>=1.19"},
        {"onnxruntime-gpu",
         {.cuda = "12.4"},
         "onnxruntime-gpu[cuda,cudnn]",
         "onnxruntime-gpu<1.27,>=1.21"},
        {"onnxruntime-gpu",
         {.cuda = "13.1"},
         "onnxruntime-gpu[cuda,cudnn]",
         "onnxruntime-gpu>=1.27"},
        {"onnxruntime-gpu", {.cuda = "11.8"}, "onnxruntime-gpu", "onnxruntime-gpu<1.19,>=1.9"},
        {"onnxruntime-gpu==1.20.1", {.cuda = "12.4"}, "onnxruntime-gpu==1.20.1"},
        // others
        {"vllm", {.cuda = "12.8"}, "vllm", "vllm<0.20,>=0.2"},
        {"vllm", {.cuda = "13.0"}, "vllm", "vllm>=0.20"},
        {"vllm==0.25.1", {.cuda = "12.9"}, "vllm==0.25.1"},
        {"numba-cuda", {.cuda = "12.4"}, "numba-cuda[cu12]"},
        {"tensorrt", {.cuda = "12.4"}, "tensorrt-cu12"},
        {"transformer-engine[pytorch]", {.cuda = "13.0"}, "transformer-engine[core-cu13,pytorch]"},
        {"nvidia-dali", {.cuda = "12.4"}, "nvidia-dali-cuda120"},
        {"bitsandbytes", {.cuda = "12.4"}, "bitsandbytes"},
        {"paddlepaddle-gpu", {.cuda = "12.8"}, "paddlepaddle-gpu", "paddlepaddle-gpu>=3.0"},
    };
    for (const Expected& row : rows) {
        const EcosystemChoice chosen = choice(row.asked, row.target);
        EXPECT_EQ(chosen.requirement, Requirement::parse(row.requirement).value())
            << row.asked << " became " << chosen.requirement.to_string() << ": " << chosen.reason;
        EXPECT_EQ(limits(chosen), row.limit) << row.asked;
        EXPECT_FALSE(chosen.reason.empty()) << row.asked;
    }
}

struct Refused {
    std::string asked;
    Target target;
    std::string headline;
    std::vector<std::string> ways_out;  ///< some of them
};

TEST(EcosystemPlan, RefusesWithWaysOutThatWork) {
    const Refused rows[] = {
        {"cupy-cuda13x",
         {.driver = "550"},
         "no build of cupy-cuda13x fits driver 550",
         {"ask for cupy-cuda12x[ctk]", "a driver from 580 on"}},
        {"cupy-cuda13x",
         {.cuda = "12.4", .runtime = true},
         "no build of cupy-cuda13x fits CUDA 12.4",
         {"ask for cupy-cuda12x", "a base with CUDA 13"}},
        {"cudf-cu11>=26",
         {.cuda = "12.4"},
         "no build of cudf-cu11>=26 fits CUDA 12.4",
         {"ask for cudf-cu12>=26"}},
        {"cudf==25.6.*",
         {.cuda = "13.0"},
         "no build of cudf==25.6.* fits CUDA 13.0",
         {"ask for cudf-cu13", "a base with CUDA 12"}},
        {"tensorflow",
         {.cuda = "13.0"},
         "no build of tensorflow fits CUDA 13.0",
         {"--allow-other-major, which gives tensorflow[and-cuda]>=2.15", "a base with CUDA 12"}},
        {"tensorflow-gpu",
         {.cuda = "12.4"},
         "no build of tensorflow-gpu fits CUDA 12.4",
         {"ask for tensorflow[and-cuda]>=2.15"}},
        {"jax[cuda13]",
         {.cuda = "13.0", .driver = "570"},
         "fits CUDA 13.0, driver 570",
         {"a driver from 580 on"}},
        {"jax",
         {.cuda = "13.0", .gpus = "V100"},
         "no build of jax fits CUDA 13.0, V100",
         {"--allow-other-major, which gives jax[cuda12]>=0.4.26"}},
        {"jax[cuda12-local]",
         {.cuda = "12.4", .runtime = true},
         "jax[cuda12-local] wants CUDA libraries of the base, which lacks libcupti, cuDNN "
         "<10,>=9.8",
         {"ask for jax[cuda12]>=0.4.26"}},
        {"onnxruntime-gpu==1.30",
         {.cuda = "12.4"},
         "no build of onnxruntime-gpu==1.30 fits",
         {"ask for onnxruntime-gpu[cuda,cudnn]<1.27,>=1.21"}},
        {"vllm==0.25.1",
         {.cuda = "11.8"},
         "no build of vllm==0.25.1 fits CUDA 11.8",
         {"--allow-other-major, which gives vllm==0.25.1"}},
        {"cupy-cuda12x", {.cpu = true}, "cupy-cuda12x is built for CUDA", {}},
        {"jax[cuda12]", {.cpu = true}, "jax[cuda12] is built for CUDA", {"ask for jax"}},
        {"onnxruntime-gpu",
         {.cpu = true},
         "onnxruntime-gpu is built for CUDA",
         {"ask for onnxruntime"}},
        {"pyg-lib",
         {.torch = "2.8.0", .torch_cuda = "11.8"},
         "there are no wheels of pyg-lib for torch 2.8 with cu118",
         {"ask for torch==2.7.*"}},
    };
    for (const Refused& row : rows) {
        const EcosystemConflict refused = conflict(row.asked, row.target);
        EXPECT_NE(refused.headline.find(row.headline), std::string::npos) << refused.headline;
        for (const std::string& way : row.ways_out) {
            EXPECT_TRUE(mentions(refused.ways_out, way)) << way << "\n" << refused.to_string();
        }
        // «ask for …» holds what it promises.
        for (const std::string& way : refused.ways_out) {
            constexpr std::string_view start = "ask for ";
            if (way.starts_with(start) && !way.starts_with("ask for torch")) {
                const auto again =
                    plan_ecosystem(Requirement::parse(way.substr(start.size())).value(),
                                   question(row.target))
                        .value();
                EXPECT_TRUE(!again || std::holds_alternative<EcosystemChoice>(*again)) << way;
            }
        }
    }
}

TEST(EcosystemPlan, LeavesAloneWhatIsNotItsOwn) {
    for (const char* text : {"numpy", "jax[cpu]", "jax[tpu]", "jax[rocm7-local]", "torch"}) {
        const auto answer =
            plan_ecosystem(Requirement::parse(text).value(), question({.cuda = "12.4"})).value();
        EXPECT_FALSE(answer.has_value()) << text;
    }
    for (const char* text : {"jax", "tensorflow", "numba-cuda", "bitsandbytes"}) {
        const auto answer =
            plan_ecosystem(Requirement::parse(text).value(), question({.cpu = true})).value();
        EXPECT_FALSE(answer.has_value()) << text;
    }
    EXPECT_TRUE(mentions(choice("cupy", {}).notes, "nothing tells for which CUDA"));
}

TEST(EcosystemPlan, NamesIndexesAndPages) {
    const EcosystemChoice cudf = choice("cudf", {.cuda = "12.5"});
    EXPECT_EQ(cudf.index, "https://pypi.nvidia.com");
    EXPECT_FALSE(cudf.is_page);
    EXPECT_NE(std::find(cudf.pinned.begin(), cudf.pinned.end(),
                        PackageName::parse("libcudf-cu12").value()),
              cudf.pinned.end());
    const auto index_of = [](const std::string& text, const Target& row) {
        return choice(text, row).index;
    };
    EXPECT_EQ(index_of("paddlepaddle-gpu", {.cuda = "12.8"}),
              "https://www.paddlepaddle.org.cn/packages/stable/cu126/");
    EXPECT_EQ(index_of("paddlepaddle-gpu", {.cuda = "12.4"}),
              "https://www.paddlepaddle.org.cn/packages/stable/cu126/");
    EXPECT_EQ(index_of("paddlepaddle-gpu", {.cuda = "12.9"}),
              "https://www.paddlepaddle.org.cn/packages/stable/cu129/");
    EXPECT_EQ(index_of("vllm==0.25.1", {.cuda = "12.9"}), "https://wheels.vllm.ai/0.25.1/cu129");
    EXPECT_EQ(index_of("vllm", {.cuda = "12.9"}), "");
    EXPECT_EQ(index_of("onnxruntime-gpu", {.cuda = "12.9"}), "");

    const EcosystemChoice pyg = choice("torch-scatter", {.torch = "2.13.0", .torch_cuda = "13.0"});
    EXPECT_EQ(pyg.index, "https://data.pyg.org/whl/torch-2.13.0+cu130.html");
    EXPECT_TRUE(pyg.is_page);
    EXPECT_EQ(limits(pyg), "torch==2.13.*");
    EXPECT_EQ(index_of("pyg-lib", {.torch = "2.8.0", .cpu = true}),
              "https://data.pyg.org/whl/torch-2.8.0+cpu.html");
    const Target provided{.torch = "2.5.1+cu124", .torch_cuda = "12.4", .torch_provided = true};
    EXPECT_EQ(index_of("pyg-lib", provided), "https://data.pyg.org/whl/torch-2.5.0+cu124.html");
    EXPECT_EQ(limits(choice("pyg-lib", provided)), "");
    const Target patched{
        .torch = "2.6.0a0+df5bbc09d1.nv24.12", .torch_cuda = "12.6", .torch_provided = true};
    EXPECT_EQ(index_of("pyg-lib", patched), "");
    EXPECT_TRUE(mentions(choice("pyg-lib", patched).notes, "releases of torch"));
    EXPECT_EQ(index_of("pyg-lib", {.torch = "2.15.0", .torch_cuda = "13.0"}), "");
}

TEST(EcosystemPlan, TellsWhyAndWhatItDropped) {
    const EcosystemChoice chosen = choice("jax", {.cuda = "12.4", .cudnn = "9.1", .devel = true});
    EXPECT_EQ(chosen.reason,
              "for the wanted CUDA 12.4, with its own CUDA libraries: the base lacks cuDNN "
              "<10,>=9.8 (it has 9.1)");
    ASSERT_FALSE(chosen.dropped.empty());
    EXPECT_EQ(chosen.dropped.front().build, "jax[cuda13]");
    EXPECT_EQ(chosen.dropped.front().reason,
              "CUDA 13 is another major version than the wanted 12.4");
    EXPECT_EQ(choice("jax", {.cuda = "12.4", .cudnn = "9.8.0", .devel = true}).reason,
              "for the wanted CUDA 12.4; the base has CUDA 12.4, cuDNN 9.8.0 and every library it "
              "needs");
    EXPECT_TRUE(mentions(choice("cupy", {.cuda = "12.4"}).notes, "cupy: the plain name"));
    EXPECT_FALSE(mentions(choice("jax", {.cuda = "12.4", .driver = "550"}).notes, "minor-version"));
    EXPECT_TRUE(
        mentions(choice("jax", {.cuda = "12.4", .driver = "525.60.13"}).notes, "minor-version"));
    EXPECT_TRUE(
        mentions(choice("cudf-cu11", {.cuda = "12.4"}).notes, "ended: it has only releases <25.8"));
    EXPECT_TRUE(mentions(choice("cudf-cu11", {.cuda = "12.4"}).notes,
                         "cudf-cu11 brings libraries of CUDA 11 beside CUDA 12.4"));
    EXPECT_TRUE(mentions(choice("cupy-cuda12x", {.cuda = "12.4"}).notes,
                         "cupy-cuda12x[ctk] brings its own"));
}

TEST(EcosystemPlan, LimitsHoldForEverybody) {
    const auto text_of = [](const Target& row) {
        std::string text;
        const auto all = ecosystem_limits(question(row)).value();
        for (const Requirement& limit : all) {
            text += limit.to_string() + "\n";
        }
        return text;
    };
    const std::string twelve = text_of({.cuda = "12.4", .cudnn = "9.1", .runtime = true});
    EXPECT_NE(twelve.find("onnxruntime-gpu<1.27,>=1.19\n"), std::string::npos) << twelve;
    EXPECT_NE(twelve.find("vllm<0.20,>=0.2\n"), std::string::npos) << twelve;
    EXPECT_NE(text_of({.cuda = "13.0"}).find("onnxruntime-gpu>=1.27\n"), std::string::npos);
    EXPECT_EQ(text_of({}), "");
    EXPECT_EQ(text_of({.cpu = true}), "");
}

TEST(EcosystemPlan, TorchIsKnownByWhatNeedsIt) {
    const std::pair<const char*, const char*> rows[] = {
        {"xformers==0.0.30", "==2.7.0"}, {"xformers==0.0.29.post3", "==2.6.0"},
        {"xformers==0.0.36", ">=2.10"},  {"xformers", ""},
        {"vllm==0.11.0", "==2.8.0"},     {"vllm==0.11.1", ""},
        {"pyg-lib", "<2.15,>=2.0"},      {"numpy==1.0", ""},
    };
    for (const auto& [text, torch] : rows) {
        EXPECT_EQ(torch_wanted_by(Requirement::parse(text).value())->to_string(), torch) << text;
    }
}

/// Every build of the table is the answer to some question: its own CUDA and its first release.
TEST(EcosystemPlan, EveryBuildCanBeHad) {
    const EcosystemTable& table = *EcosystemTable::load().value();
    std::size_t count = 0;
    for (const EcosystemFamily& family : table.families()) {
        for (const EcosystemBuild& build : family.builds) {
            Requirement asked{.name = family.names.front()};
            if (build.index.find("{version}") != std::string::npos) {
                asked.specifiers = packaging::SpecifierSet::pin(*build.from);
            } else {
                asked.specifiers = build.releases();
            }
            const EcosystemQuestion target{.cuda = build.cuda};
            const auto answer = plan_ecosystem(asked, target).value();
            ASSERT_TRUE(answer && std::holds_alternative<EcosystemChoice>(*answer)) << family.name;
            const auto& chosen = std::get<EcosystemChoice>(*answer);
            EXPECT_TRUE(chosen.requirement.name.str().ends_with(build.suffix)) << family.name;
            for (const PackageName& extra : build.extras) {
                const auto& extras = chosen.requirement.extras;
                EXPECT_NE(std::find(extras.begin(), extras.end(), extra), extras.end())
                    << family.name << " " << chosen.requirement.to_string();
            }
            EXPECT_EQ(table.find(chosen.requirement.name), &family);
            EXPECT_EQ(chosen.is_changed, chosen.requirement != asked);
            ++count;
        }
    }
    EXPECT_GT(count, 40U);
}

}  // namespace
}  // namespace envpack::cuda
