#include "envpack/pipeline/index_url.hpp"

#include "envpack/base/text.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/pipeline/source.hpp"
#include "index_question.hpp"

#include <array>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

struct ReadBase {
    env::Inventory inventory = {};  ///< empty when the base has no Python
    env::CudaFacts facts = {};
};

Result<ReadBase> read_base(const std::string& text, const UserConfig& user, const RunContext& run) {
    ENVPACK_TRY(const Source source, Source::parse(text));
    const auto wanted = [](const SafePath& path, const archive::FileInfo& info) {
        return env::inventory_wants(path, info) || env::cuda_facts_want(path, info);
    };
    ENVPACK_TRY(OpenSource open, open_source(source, wanted, user, run));
    ReadBase base;
    auto inventory = env::take_inventory(*open.tree,
                                         {.source = source.text,
                                          .environment = open.environment,
                                          .python = open.python,
                                          .detail = env::InventoryDetail::pins},
                                         run);
    if (inventory) {
        base.inventory = *std::move(inventory);
    } else if (inventory.error().code() != ErrorCode::not_found) {
        return fail(std::move(inventory).error());
    }
    ENVPACK_TRY(base.facts, env::cuda_facts(*open.tree, open.environment, base.inventory, run));
    return base;
}

Result<std::string> machine_of(const IndexUrlOptions& options, const env::Interpreter& python) {
    std::string machine = !options.platform.empty() ? options.platform
                          : !python.machine.empty() ? python.machine
                                                    : "x86_64";
    if (machine != "x86_64" && machine != "aarch64") {
        return fail(
            Error(ErrorCode::invalid_argument,
                  fmt::format("PyTorch has no CUDA wheels for `{}`", text::printable(machine)))
                .with_hint("give --platform x86_64 or --platform aarch64"));
    }
    return machine;
}

void note_base(cuda::IndexPlan& plan, const ReadBase& base) {
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

std::string build_of(const cuda::IndexPlan& plan) {
    return fmt::format("{}+{}", plan.torch.to_string(), plan.suffix);
}

std::string pip_form(const cuda::IndexPlan& plan) {
    return fmt::format("pip install --index-url {} torch=={}\n", plan.url, plan.torch.to_string());
}

std::string uv_form(const cuda::IndexPlan& plan) {
    std::string text = fmt::format(
        "[[tool.uv.index]]\nname = \"pytorch-{}\"\nurl = \"{}\"\nexplicit = true\n\n"
        "[tool.uv.sources]\ntorch = {{ index = \"pytorch-{}\" }}\n",
        plan.suffix, plan.url, plan.suffix);
    for (const cuda::FamilyMember& member : plan.family) {
        text += fmt::format("{} = {{ index = \"pytorch-{}\" }}\n", member.name, plan.suffix);
    }
    return text;
}

std::string pylock_form(const cuda::IndexPlan& plan) {
    return fmt::format("[[packages]]\nname = \"torch\"\nversion = \"{}\"\nindex = \"{}\"\n",
                       build_of(plan), plan.url);
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
    std::optional<ReadBase> base;
    if (options.base) {
        ENVPACK_TRY(base, with_context(read_base(*options.base, user, run),
                                       fmt::format("while reading `{}`", *options.base)));
    }
    const env::Interpreter python = base ? base->inventory.python : env::Interpreter();
    ENVPACK_TRY(cuda::IndexQuestion question,
                index_question(options.cuda, base ? &base->facts : nullptr));
    ENVPACK_TRY(question.torch, torch_specifiers(options.torch));
    question.python = options.python.empty() ? python_of(python) : options.python;
    ENVPACK_TRY(question.machine, machine_of(options, python));

    ENVPACK_TRY(cuda::IndexAnswer answer, cuda::plan_index(question));
    IndexUrlReport report{.answer = std::move(answer)};
    if (base) {
        if (auto* plan = std::get_if<cuda::IndexPlan>(&report.answer)) {
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
