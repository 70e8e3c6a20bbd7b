#pragma once

#include "provider_state.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <vector>

namespace envpack::env {

/// Fetches pages, and METADATA of the likely choices, of what is wanted and of everything that
/// those choices depend on, many at a time: on a network, waiting is most of a solve. A page is not
/// asked for in vain more often than a guess is wrong, and guesses only fill what ProviderWorld
/// remembers, so the answer of a solve does not depend on them, nor on who arrives first.
class Prefetch {
public:
    explicit Prefetch(PackageProvider::State& state) noexcept : state_(state) {}
    /// Fails when a page of something wanted cannot be had; a guess that fails is forgotten.
    Result<void> run(std::span<const resolver::Wanted> wanted);

private:
    /// What is guessed of one project.
    struct Guess {
        packaging::VersionRange range =
            packaging::VersionRange::full();  // of all who asked so far, as long as it is not empty
        std::uint32_t note = 0;
        std::set<packaging::PackageName> extras = {};
        std::set<packaging::PackageName> expanded = {};  // extras, of `picked`
        std::optional<packaging::Version> picked = std::nullopt;
        unsigned picks = 0;
        bool is_queued = false;
        bool is_running = false;
        bool is_stale = false;  // somebody asked while it was running
        std::optional<Error> error = std::nullopt;
    };

    void supervise(std::unique_lock<std::mutex>& lock);
    bool start();
    void ask(const packaging::Requirement& requirement);
    void enqueue(const packaging::PackageName& name, Guess& guess);
    void work();
    void fetch(const packaging::PackageName& name, std::unique_lock<std::mutex>& lock);

    PackageProvider::State& state_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<packaging::PackageName, Guess> guesses_;
    std::deque<const packaging::PackageName*> queue_;  // keys of guesses_
    std::vector<std::jthread> threads_;
    std::condition_variable over_;
    std::size_t idle_ = 0;
    std::size_t busy_ = 0;
    std::size_t finished_ = 0;
    bool is_done_ = false;
};

}  // namespace envpack::env
