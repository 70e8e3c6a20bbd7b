#include "run.hpp"

#include <algorithm>
#include <chrono>

#include <pybind11/stl.h>

namespace py = pybind11;

namespace envpack::python {
namespace {

constexpr auto signal_slice = std::chrono::milliseconds(50);
constexpr auto shortest_gap = std::chrono::milliseconds(50);

/// A thread's end that can be waited for with a time-out.
class Done {
public:
    void set() {
        const std::lock_guard lock(mutex_);
        done_ = true;
        changed_.notify_all();
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, signal_slice, [this] { return done_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
};

/// Waits for the end with the GIL released; the exception that a signal handler raised, if any.
std::exception_ptr wait_for(Done& done, std::stop_source& stop) {
    std::exception_ptr interrupted;
    const py::gil_scoped_release released;
    while (!done.wait()) {
        const py::gil_scoped_acquire acquired;
        if (!interrupted && PyErr_CheckSignals() != 0) {
            interrupted = std::make_exception_ptr(py::error_already_set());
            stop.request_stop();
        }
    }
    return interrupted;
}

}  // namespace

pipeline::UserConfig user_config() {
    pipeline::UserConfig user = pipeline::user_config();
    const py::object executable = py::module_::import("sys").attr("executable");
    if (py::isinstance<py::str>(executable)) {  // None where nobody knows
        user.own_python = executable.cast<std::string>();
        if (user.own_python.filename().string().starts_with("python")) {  // else a program has it
            user.running_python = user.own_python;
        }
    }
    return user;
}

PythonProgress::PythonProgress(py::object callable, std::stop_source& stop)
    : callable_(std::move(callable)), stop_(stop) {}

void PythonProgress::update(const Progress& progress) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (failure_ || callable_.ptr() == Py_None) {
            return;
        }
        const auto now = std::chrono::steady_clock::now();
        const auto found = last_.find(progress.subject);
        const bool is_last = progress.total && progress.done >= *progress.total;
        if (found != last_.end() && !is_last && now - found->second < shortest_gap) {
            return;
        }
        last_.insert_or_assign(std::string(progress.subject), now);
    }
    const py::gil_scoped_acquire acquired;
    try {
        callable_(std::string(progress.subject), progress.done, progress.total);
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
        stop_.request_stop();
    }
}

void PythonProgress::note(std::string_view line) noexcept {
    const std::lock_guard lock(mutex_);
    notes_.emplace_back(line);
}

void run_interruptibly(const py::object& progress,
                       const std::function<void(const RunContext&)>& work) {
    std::stop_source stop;
    PythonProgress sink(progress, stop);
    Done done;
    std::exception_ptr thrown;
    std::thread worker([&] {
        const RunContext context{.stop = stop.get_token(),
                                 .progress = &sink,
                                 .max_parallel = std::max(1U, std::thread::hardware_concurrency())};
        try {
            work(context);
        } catch (...) {  // only std::bad_alloc can come (ADR 0001)
            thrown = std::current_exception();
        }
        done.set();
    });
    const std::exception_ptr interrupted = wait_for(done, stop);
    worker.join();
    for (const std::exception_ptr& exception : {sink.failure(), interrupted, thrown}) {
        if (exception) {
            std::rethrow_exception(exception);
        }
    }
    const py::object category = py::module_::import("envpack.errors").attr("EnvpackWarning");
    for (const std::string& note : sink.notes()) {
        // Level 3: whoever called envpack.resolve(), not envpack's own wrapper.
        if (PyErr_WarnEx(category.ptr(), note.c_str(), 3) != 0) {
            throw py::error_already_set();
        }
    }
}

}  // namespace envpack::python
