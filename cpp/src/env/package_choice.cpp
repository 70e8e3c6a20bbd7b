#include "package_choice.hpp"

#include "envpack/base/text.hpp"
#include "installed_files.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <string>
#include <tuple>

namespace envpack::env {
namespace {

constexpr std::string_view dist_info_suffix = ".dist-info";

void shadow(FrozenPackage& kept, const FrozenPackage& other) {
    kept.shadowed.push_back({other.raw_version, other.location, other.layer});
    kept.add_flag("shadows");
}

std::string describe(const FrozenPackage& package) {
    std::string text = std::string(package.name.str()) + ' ' + text::printable(package.raw_version);
    if (package.layer) {
        text += " (layer " + std::to_string(*package.layer + 1) + ')';
    }
    return text;
}

Problem duplicate(const std::vector<FrozenPackage>& candidates) {
    constexpr std::size_t max_named = 20;
    std::vector<const FrozenPackage*> sorted;
    for (const FrozenPackage& candidate : candidates) {
        sorted.push_back(&candidate);
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
        return std::tie(a->version, a->layer) < std::tie(b->version, b->layer);
    });
    Problem problem{.kind = "duplicate-dist-info", .text = {}};
    for (std::size_t i = 0; i < std::min(sorted.size(), max_named); ++i) {
        problem.text += (i == 0 ? "" : ", ") + describe(*sorted[i]);
    }
    if (sorted.size() > max_named) {
        problem.text += " and " + std::to_string(sorted.size() - max_named) + " more";
    }
    return problem;
}

}  // namespace

Result<void> PackageChoice::add_folder(ScannedFolder folder, PathOrigin origin) {
    const std::size_t first = packages_.size();
    std::map<std::size_t, std::vector<FrozenPackage>> rivals;
    for (FrozenPackage& package : folder.packages) {
        const auto [place, is_new] = index_.try_emplace(package.name, packages_.size());
        if (is_new) {
            packages_.push_back(std::move(package));
        } else if (place->second >= first) {
            rivals[place->second].push_back(std::move(package));
        } else if (FrozenPackage& kept = packages_[place->second];
                   origin != PathOrigin::pth || kept.raw_version != package.raw_version) {
            // The source folder of an editable install, on the path by its .pth file, has an
            // egg-info of its own: that is the same package.
            shadow(kept, package);
        }
    }
    for (auto& [place, others] : rivals) {
        ENVPACK_CHECK(settle(packages_[place], std::move(others)));
    }
    std::move(folder.skipped.begin(), folder.skipped.end(), std::back_inserter(skipped_));
    std::move(folder.problems.begin(), folder.problems.end(), std::back_inserter(problems_));
    return {};
}

Result<void> PackageChoice::settle(FrozenPackage& kept, std::vector<FrozenPackage> rivals) {
    std::vector<FrozenPackage> candidates;
    std::vector<FrozenPackage> links;
    std::unordered_map<std::string, std::size_t> by_version;
    by_version.emplace(kept.raw_version, 0);
    candidates.push_back(std::move(kept));
    for (FrozenPackage& rival : rivals) {
        if (candidates[0].form != PackageForm::egg_link && rival.form == PackageForm::egg_link) {
            links.push_back(std::move(rival));  // an egg-link comes last for every installer
            continue;
        }
        const auto [place, is_new] = by_version.emplace(rival.raw_version, candidates.size());
        const bool is_dist_info = rival.location.ends_with(dist_info_suffix);
        if (FrozenPackage* const same = is_new ? nullptr : &candidates[place->second];
            same == nullptr || (is_dist_info && same->location.ends_with(dist_info_suffix))) {
            candidates.push_back(std::move(rival));
        } else if (is_dist_info) {
            // Debian ships some packages as dist-info and egg-info: that is one package, and the
            // first has its requirements where every installer looks.
            *same = std::move(rival);
        }
    }
    std::size_t best = 0;
    if (candidates.size() > 1) {
        problems_.push_back(duplicate(candidates));
        ENVPACK_TRY(best, best_of(candidates));
    }
    kept = candidates[best];
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (i != best) {
            kept.shadowed.push_back(
                {candidates[i].raw_version, candidates[i].location, candidates[i].layer});
            kept.add_flag("ambiguous");
        }
    }
    for (const FrozenPackage& link : links) {
        shadow(kept, link);
    }
    return {};
}

Result<std::size_t> PackageChoice::best_of(const std::vector<FrozenPackage>& candidates) {
    // 1. The latest layer.
    std::vector<std::size_t> best;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!best.empty() && candidates[best[0]].layer < candidates[i].layer) {
            best.clear();
        }
        if (best.empty() || candidates[best[0]].layer == candidates[i].layer) {
            best.push_back(i);
        }
    }
    // 2. The RECORD that fits. 3. The higher version.
    std::vector<RecordFit> fits(candidates.size());
    if (best.size() > 1 && best.size() <= records_left_) {
        records_left_ -= best.size();
        for (const std::size_t i : best) {
            ENVPACK_TRY(const SafePath location, SafePath::parse(candidates[i].location));
            ENVPACK_TRY(auto fit, compare_record(tree_, location, limits_, run_));
            fits[i] = std::move(fit).value_or(RecordFit());
        }
    }
    return *std::max_element(best.begin(), best.end(), [&](std::size_t a, std::size_t b) {
        if (fits[a].is_better_than(fits[b]) || fits[b].is_better_than(fits[a])) {
            return fits[b].is_better_than(fits[a]);
        }
        return candidates[a].version < candidates[b].version;
    });
}

void PackageChoice::finish(Inventory& inventory) && {
    // Places are sorted, not packages: moving one is a hundred times as dear.
    std::vector<std::size_t> order(packages_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return packages_[a].name < packages_[b].name; });
    inventory.packages.reserve(order.size());
    for (const std::size_t place : order) {
        inventory.packages.push_back(std::move(packages_[place]));
    }
    inventory.skipped = std::move(skipped_);
    inventory.problems = std::move(problems_);
}

}  // namespace envpack::env
