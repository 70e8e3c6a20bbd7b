#include "interrupt.hpp"

#include "exit_code.hpp"

#include <csignal>
#include <initializer_list>
#include <pthread.h>
#include <unistd.h>

namespace envpack::cli {
namespace {

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&set, number);
    }
    return set;
}

}  // namespace

Interrupt::Interrupt() {
    // A closed pipe and a file that may not grow are failed writes, told as such.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    const sigset_t set = handled_signals();
    // Blocked here and so in all later threads: only the waiter takes them.
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    waiter_ = std::thread([this, set] {
        for (;;) {
            int number = 0;
            if (sigwait(&set, &number) != 0 || ending_.load()) {
                return;
            }
            if (!source_.request_stop()) {
                _exit(interrupted);
            }
        }
    });
}

Interrupt::~Interrupt() {
    ending_.store(true);
    // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): blocked, it only wakes sigwait()
    pthread_kill(waiter_.native_handle(), SIGTERM);
    waiter_.join();
}

}  // namespace envpack::cli
