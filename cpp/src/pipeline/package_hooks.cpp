#include "package_hooks.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace envpack::pipeline {

void add_hooks(const std::vector<wheel::StartupHook>& hooks, std::string_view package,
               std::string_view version, std::string_view root, StartupHooks& to) {
    for (const wheel::StartupHook& hook : hooks) {
        to.push_back({.package = std::string(package),
                      .version = std::string(version),
                      .kind = hook.kind,
                      .path = std::string(root) + hook.path});
    }
}

void sort_by_path(StartupHooks& hooks) {
    std::ranges::stable_sort(hooks, {}, &StartupHook::path);
}

void pack_hooks(PackedWriter& record, const StartupHooks& hooks) {
    record.number(static_cast<std::uint32_t>(hooks.size()));
    for (const StartupHook& hook : hooks) {
        record.text(hook.package);
        record.text(hook.version);
        record.text(hook.kind);
        record.text(hook.path);
    }
}

StartupHooks unpack_hooks(PackedReader& record) {
    StartupHooks hooks;
    for (auto count = record.number<std::uint32_t>(); record.ok() && count > 0; --count) {
        StartupHook hook;
        hook.package = record.text();
        hook.version = record.text();
        hook.kind = record.text();
        hook.path = record.text();
        hooks.push_back(std::move(hook));
    }
    return hooks;
}

json::Value hook_list(const StartupHooks& hooks) {
    json::Array list;
    for (const StartupHook& hook : hooks) {
        list.emplace_back(json::Object{{"package", json::text_or_null(hook.package)},
                                       {"version", json::text_or_null(hook.version)},
                                       {"kind", hook.kind},
                                       {"path", hook.path}});
    }
    return list;
}

std::string hook_lines(const StartupHooks& hooks) {
    std::string lines;
    for (const StartupHook& hook : hooks) {
        const std::string of =
            hook.package.empty() ? "" : fmt::format(", of {} {}", hook.package, hook.version);
        lines += fmt::format("{}  whenever Python starts ({}){}\n", text::printable(hook.path),
                             hook.kind, of);
    }
    return lines;
}

}  // namespace envpack::pipeline
