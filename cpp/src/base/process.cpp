#include "envpack/base/process.hpp"

#include "envpack/base/file.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

extern char** environ;

namespace envpack {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
    FileHandle read_end;
    FileHandle write_end;
    static Result<Pipe> open() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) {
            return fail(os_failure("open", "pipe", errno));
        }
        return Pipe{.read_end = FileHandle(ends[0]), .write_end = FileHandle(ends[1])};
    }
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        out.push_back(const_cast<char*>(text.c_str()));
    }
    out.push_back(nullptr);
    return out;
}

/// posix_spawn attributes and file actions, freed together.
class SpawnSetup {
public:
    SpawnSetup() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;
    ~SpawnSetup() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    posix_spawn_file_actions_t* actions() { return &actions_; }
    posix_spawnattr_t* attributes() { return &attributes_; }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

Result<pid_t> spawn(const ProcessOptions& options, const Pipe& out, const Pipe& err) {
    SpawnSetup setup;
    posix_spawn_file_actions_addopen(setup.actions(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(setup.actions(), out.write_end.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(setup.actions(), err.write_end.get(), STDERR_FILENO);
    if (!options.working_directory.empty()) {
        posix_spawn_file_actions_addchdir_np(setup.actions(), options.working_directory.c_str());
    }
    // A group of its own, so that a time-out reaches grandchildren as well.
    // Signals that a caller's thread has blocked are the caller's business, not the program's.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(setup.attributes(), &none);
    posix_spawnattr_setflags(setup.attributes(), POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(setup.attributes(), 0);
    const std::vector<char*> arguments = pointers(options.arguments);
    const std::vector<char*> environment =
        options.environment ? pointers(*options.environment) : std::vector<char*>{};
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, arguments.front(), setup.actions(), setup.attributes(),
                     arguments.data(), options.environment ? environment.data() : environ);
    if (error != 0) {
        return fail(os_failure("run", options.arguments.front(), error));
    }
    return child;
}

/// Moves what is there from the pipe to `text`; false at the end of the stream.
Result<bool> drain(const FileHandle& end, std::string& text, std::size_t max_output) {
    std::array<char, 65536> block{};
    const ssize_t count = ::read(end.get(), block.data(), block.size());
    if (count < 0) {
        if (errno == EINTR) {
            return true;
        }
        return fail(os_failure("read", "pipe", errno));
    }
    if (text.size() + static_cast<std::size_t>(count) > max_output) {
        return fail(ErrorCode::limit_exceeded,
                    fmt::format("more than {} bytes of output", max_output));
    }
    text.append(block.data(), static_cast<std::size_t>(count));
    return count > 0;
}

Result<void> collect(const ProcessOptions& options, Pipe& out, Pipe& err, ProcessOutput& into,
                     const RunContext& run) {
    const auto deadline = Clock::now() + std::chrono::duration<double>(options.timeout_seconds);
    bool out_open = true;
    bool err_open = true;
    while (out_open || err_open) {
        ENVPACK_CHECK(run.check());
        if (Clock::now() > deadline) {
            return fail(ErrorCode::limit_exceeded,
                        fmt::format("no end after {} seconds", options.timeout_seconds));
        }
        std::array<pollfd, 2> polled{{{out_open ? out.read_end.get() : -1, POLLIN, 0},
                                      {err_open ? err.read_end.get() : -1, POLLIN, 0}}};
        constexpr int slice_milliseconds = 50;
        if (poll(polled.data(), polled.size(), slice_milliseconds) < 0 && errno != EINTR) {
            return fail(os_failure("wait for", "pipe", errno));
        }
        if (out_open && polled[0].revents != 0) {
            ENVPACK_TRY(out_open, drain(out.read_end, into.standard_output, options.max_output));
        }
        if (err_open && polled[1].revents != 0) {
            ENVPACK_TRY(err_open, drain(err.read_end, into.standard_error, options.max_output));
        }
    }
    return {};
}

}  // namespace

Result<ProcessOutput> run_process(const ProcessOptions& options, const RunContext& run) {
    if (options.arguments.empty()) {
        return fail(ErrorCode::invalid_argument, "no program to run");
    }
    ENVPACK_TRY(Pipe out, Pipe::open());
    ENVPACK_TRY(Pipe err, Pipe::open());
    ENVPACK_TRY(const pid_t child, spawn(options, out, err));
    out.write_end = FileHandle();
    err.write_end = FileHandle();
    ProcessOutput output;
    Result<void> collected = collect(options, out, err, output, run);
    if (!collected) {
        ::kill(-child, SIGKILL);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!collected) {
        return fail(std::move(collected).error().with_context(
            fmt::format("while running `{}`", options.arguments.front())));
    }
    output.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return output;
}

}  // namespace envpack
