#include "envpack/pipeline/index_url.hpp"

#include "cuda_base.hpp"
#include "envpack/base/toml.hpp"
#include "envpack/pipeline/user_indexes.hpp"
#include "index_check.hpp"
#include "index_question.hpp"

#include <array>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

void note_base(cuda::IndexPlan& plan, const CudaBase& base) {
    plan.notes.insert(plan.notes.end(), base.facts.problems.begin(), base.facts.problems.end());
    for (const env::FrozenPackage& package : base.inventory.packages) {
        if (package.name.str() == "torch") {
            plan.notes.push_back(fmt::format(
                "the base has torch {}: another one would replace it, `envpack resolve --base` "
                "keeps it",
                package.raw_version));
        }
    }
}

/// Only of what the user may want to know; the tables have decided.
Result<std::optional<std::vector<std::string>>> ask_index(cuda::IndexPlan& plan,
                                                          const cuda::IndexQuestion& question,
                                                          const http::Url& url,
                                                          const UserConfig& user,
                                                          const RunContext& run) {
    // One try: whoever has no network should not wait for it.
    const IndexOptions only{
        .index_url = url.to_string(), .pins = {"torch=" + url.to_string()}, .retries = 0};
    ENVPACK_TRY(const UserIndexes indexes, open_user_indexes(only, user, run));
    auto told = index_disagreements(plan, question, *indexes.index, run);
    if (!told) {
        if (told.error().code() == ErrorCode::cancelled) {
            return fail(std::move(told).error());
        }
        plan.notes.push_back(
            fmt::format("the tables alone decided, since the index did not answer: {}",
                        told.error().message()));
        return std::nullopt;
    }
    plan.notes.insert(plan.notes.end(), told->begin(), told->end());
    return *std::move(told);
}

std::string build_of(const cuda::IndexPlan& plan) {
    return fmt::format("{}+{}", plan.torch.to_string(), plan.suffix);
}

std::string pip_form(const cuda::IndexPlan& plan) {
    return fmt::format("pip install --index-url {} torch=={}\n", plan.url, plan.torch.to_string());
}

std::string uv_form(const cuda::IndexPlan& plan) {
    std::string text = fmt::format(
        "[[tool.uv.index]]\nname = \"pytorch-{}\"\nurl = {}\nexplicit = true\n\n"
        "[tool.uv.sources]\ntorch = {{ index = \"pytorch-{}\" }}\n",
        plan.suffix, toml::quote(plan.url), plan.suffix);
    for (const cuda::FamilyMember& member : plan.family) {
        text += fmt::format("{} = {{ index = \"pytorch-{}\" }}\n", member.name, plan.suffix);
    }
    return text;
}

std::string pylock_form(const cuda::IndexPlan& plan) {
    return fmt::format("[[packages]]\nname = \"torch\"\nversion = {}\nindex = {}\n",
                       toml::quote(build_of(plan)), toml::quote(plan.url));
}

std::string text_form(const cuda::IndexPlan& plan) {
    std::string text = fmt::format("{}\n{}\n", plan.url, plan.reason);
    for (const cuda::FamilyMember& member : plan.family) {
        text += fmt::format("{} {} belongs to torch {}\n", member.name, member.version.to_string(),
                            plan.torch.to_string());
    }
    text += fmt::format("\n# pip\n{}\n# uv, in pyproject.toml\n{}\n# pylock.toml\n{}",
                        pip_form(plan), uv_form(plan), pylock_form(plan));
    return text;
}

}  // namespace

Result<IndexUrlReport> index_url(const IndexUrlOptions& options, const UserConfig& user,
                                 const RunContext& run) {
    std::optional<CudaBase> base;
    if (options.base) {
        ENVPACK_TRY(base, read_cuda_base({.source = *options.base,
                                          .detail = env::InventoryDetail::pins,
                                          .needs_python = false},
                                         user, run));
    }
    const env::Interpreter python = base ? base->inventory.python : env::Interpreter();
    ENVPACK_TRY(cuda::IndexQuestion question,
                index_question(options.cuda, base ? &base->facts : nullptr));
    ENVPACK_TRY(question.torch, torch_specifiers(options.torch));
    question.python = options.python.empty() ? python_of(python) : options.python;
    const std::string machine = python.machine.empty() ? "x86_64" : python.machine;
    ENVPACK_TRY(question.machine,
                machine_for(options.platform.empty() ? machine : options.platform));

    ENVPACK_TRY(cuda::IndexAnswer answer, cuda::plan_index(question));
    IndexUrlReport report{.answer = std::move(answer)};
    auto* plan = std::get_if<cuda::IndexPlan>(&report.answer);
    if (plan != nullptr) {
        ENVPACK_TRY(const http::Url url, use_mirror(*plan, options.cuda, user));
        ENVPACK_TRY(const index::PipConfig pip, read_user_pip_config(user));
        if (!options.offline && !pip.no_index) {
            ENVPACK_TRY(report.disagreements, ask_index(*plan, question, url, user, run));
        }
    }
    if (base) {
        if (plan != nullptr) {
            note_base(*plan, *base);
            ENVPACK_TRY(const cuda::DriverTable drivers, cuda::DriverTable::load());
            for (std::string& note : driver_notes(question, base->facts, drivers)) {
                plan->notes.push_back(std::move(note));
            }
        }
        report.base = std::move(base->facts);
    }
    return report;
}

json::Value IndexUrlReport::to_json() const {
    json::Value document = std::visit([](const auto& one) { return one.to_json(); }, answer);
    document.set("base", base ? base->to_json() : json::Value());
    document.set("disagreements", disagreements ? json::Value(json::Array(disagreements->begin(),
                                                                          disagreements->end()))
                                                : json::Value());
    return document;
}

std::optional<IndexUrlFormat> parse_index_url_format(std::string_view name) noexcept {
    constexpr std::array<std::pair<std::string_view, IndexUrlFormat>, 4> formats{
        {{"text", IndexUrlFormat::text},
         {"pip", IndexUrlFormat::pip},
         {"uv", IndexUrlFormat::uv},
         {"pylock", IndexUrlFormat::pylock}}};
    for (const auto& [word, format] : formats) {
        if (word == name) {
            return format;
        }
    }
    return std::nullopt;
}

std::string render(const cuda::IndexPlan& plan, IndexUrlFormat format) {
    switch (format) {
        case IndexUrlFormat::pip:
            return pip_form(plan);
        case IndexUrlFormat::uv:
            return uv_form(plan);
        case IndexUrlFormat::pylock:
            return pylock_form(plan);
        case IndexUrlFormat::text:
            break;
    }
    return text_form(plan);
}

}  // namespace envpack::pipeline
