#include "provider_prefetch.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace envpack::env {

using packaging::PackageName;
using packaging::Requirement;
using packaging::VersionRange;

namespace {

// They wait for the network most of the time, so there are more of them than cores.
constexpr std::size_t max_threads = 32;
constexpr std::chrono::milliseconds stuck_after{4};
constexpr std::size_t max_guesses = 2000;
// A project whose guessed version turns out not to fit is looked at again, but not for ever.
constexpr unsigned max_picks = 4;

}  // namespace

Result<void> Prefetch::run(std::span<const resolver::Wanted> wanted) {
    std::unique_lock lock(mutex_);
    for (const resolver::Wanted& one : wanted) {
        const PackageName& name = one.package->name;
        if (state_.frozen(name) != nullptr) {
            continue;
        }
        const auto [entry, is_new] = guesses_.try_emplace(name);
        Guess& guess = entry->second;
        bool again = is_new || guess.error || !guess.picked || !one.range->contains(*guess.picked);
        guess.range = *one.range;
        guess.error.reset();
        if (one.package->extra) {
            again |= guess.extras.insert(*one.package->extra).second;
        }
        if (again) {
            enqueue(entry->first, guess);
        }
    }
    if (queue_.empty()) {
        return {};
    }
    is_done_ = false;
    if (state_.run.max_parallel <= 1) {
        lock.unlock();
        work();
    } else {
        supervise(lock);
    }
    threads_.clear();  // joins
    ENVPACK_CHECK(state_.run.check());
    for (const resolver::Wanted& one : wanted) {
        const auto found = guesses_.find(one.package->name);
        if (found != guesses_.end() && found->second.error && !one.package->extra) {
            return fail(*found->second.error);
        }
    }
    return {};
}

/// False where the system has no more of them; those that run are enough then.
bool Prefetch::start() {
    try {
        threads_.emplace_back([this] { work(); });
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

/// Few threads while they get on, as with a warm cache; many once all of them wait for the network.
void Prefetch::supervise(std::unique_lock<std::mutex>& lock) {
    bool has_more = true;
    while (has_more &&
           threads_.size() < std::min<std::size_t>(state_.run.max_parallel, max_threads)) {
        has_more = start();
    }
    if (threads_.empty()) {
        lock.unlock();
        work();
        return;
    }
    while (!is_done_) {
        const std::size_t before = finished_;
        over_.wait_for(lock, stuck_after);
        while (has_more && !is_done_ && finished_ == before &&
               queue_.size() + busy_ > threads_.size() && threads_.size() < max_threads) {
            has_more = start();
        }
    }
    lock.unlock();
}

void Prefetch::enqueue(const PackageName& name, Guess& guess) {
    if (guess.is_running) {
        guess.is_stale = true;
        return;
    }
    if (guess.is_queued) {
        return;
    }
    guess.is_queued = true;
    queue_.push_back(&name);
    if (idle_ > 0) {
        changed_.notify_one();
    }
}

void Prefetch::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        while (queue_.empty() && !is_done_) {
            // The last one to run out of work ends it for all.
            if (busy_ == 0) {
                is_done_ = true;
                changed_.notify_all();
                over_.notify_all();
                return;
            }
            ++idle_;
            changed_.wait(lock);
            --idle_;
        }
        if (is_done_) {
            return;
        }
        const PackageName& name = *queue_.front();
        queue_.pop_front();
        Guess& guess = guesses_.find(name)->second;
        guess.is_queued = false;
        if (!state_.run.check()) {
            continue;
        }
        guess.is_running = true;
        ++busy_;
        fetch(name, lock);
        --busy_;
        ++finished_;
        guess.is_running = false;
        if (std::exchange(guess.is_stale, false)) {
            enqueue(name, guess);
        }
    }
}

/// Unlocks while it asks. Nobody else touches the candidates of the name meanwhile.
void Prefetch::fetch(const PackageName& name, std::unique_lock<std::mutex>& lock) {
    Guess& guess = guesses_.find(name)->second;
    const VersionRange asked = guess.range;
    const std::uint32_t note = guess.note;
    const auto known = state_.projects.find(name);
    ProjectCandidates* candidates = known == state_.projects.end() ? nullptr : &known->second;
    lock.unlock();

    if (candidates == nullptr) {
        auto project = state_.project(name);
        if (!project) {
            lock.lock();
            guess.error = std::move(project).error();
            return;
        }
        ProjectCandidates fresh(name, *std::move(project), *state_.rules);
        lock.lock();
        candidates = &state_.projects.try_emplace(name, std::move(fresh)).first->second;
        lock.unlock();
    }
    VersionRange range = asked;
    for (const Limit& limit : state_.limits_of(name)) {
        range = range & limit.range;
    }
    const resolver::Demand one{nullptr, &asked, note};
    const auto pick = state_.pick(name, *candidates, range, {&one, 1});
    ProviderWorld::MetadataPtr metadata;
    // Not of a source distribution: reading that may mean building it.
    if (pick.position && !state_.options.no_dependencies &&
        !candidates->candidate(*pick.position).is_sdist) {
        // A failure shows when the answer is needed, if it ever is.
        if (auto answer =
                state_.world->metadata(*candidates->candidate(*pick.position).file, state_.run)) {
            metadata = *std::move(answer);
        }
    }
    lock.lock();
    if (!metadata || !metadata->value || state_.run.max_parallel <= 1) {
        return;
    }
    const auto& version = candidates->versions()[*pick.position];
    const bool is_new = !guess.picked || *guess.picked != version;
    if (is_new) {
        guess.picked = version;
        guess.expanded.clear();
    }
    std::vector<PackageName> extras;
    for (const PackageName& extra : guess.extras) {
        if (guess.expanded.insert(extra).second) {
            extras.push_back(extra);
        }
    }
    lock.unlock();
    std::vector<const Requirement*> needed;
    for (const Requirement& wanted : metadata->value->requires_dist) {
        if (!wanted.url.empty()) {
            continue;
        }
        const bool is_own = state_.holds(wanted, nullptr);
        if (is_own ? is_new
                   : std::any_of(extras.begin(), extras.end(), [&](const PackageName& extra) {
                         return state_.holds(wanted, &extra);
                     })) {
            needed.push_back(&wanted);
        }
    }
    lock.lock();
    for (const Requirement* wanted : needed) {
        ask(*wanted);
    }
}

void Prefetch::ask(const Requirement& requirement) {
    // The place of a constraint is opened, which may mean building it, only for who takes part.
    const DirectPlace* place = state_.direct(requirement.name);
    if (state_.frozen(requirement.name) != nullptr || (place != nullptr && place->is_constraint)) {
        return;
    }
    const VersionRange range = VersionRange::of(requirement.specifiers);
    auto found = guesses_.find(requirement.name);
    if (found == guesses_.end()) {
        if (guesses_.size() >= max_guesses) {
            return;
        }
        found = guesses_.try_emplace(requirement.name, Guess{.range = range}).first;
        found->second.note = note_of(requirement.specifiers);
        found->second.extras.insert(requirement.extras.begin(), requirement.extras.end());
        enqueue(found->first, found->second);
        return;
    }
    Guess& guess = found->second;
    guess.note |= note_of(requirement.specifiers);
    bool again = false;
    for (const PackageName& extra : requirement.extras) {
        again |= guess.extras.insert(extra).second;
    }
    if (VersionRange both = guess.range & range; !both.is_empty() && both != guess.range) {
        guess.range = std::move(both);
        const bool fits = !guess.picked || guess.range.contains(*guess.picked);
        if ((!fits || guess.is_running) && guess.picks < max_picks) {
            ++guess.picks;
            again = true;
        }
    }
    if (again) {
        enqueue(found->first, guess);
    }
}

}  // namespace envpack::env
