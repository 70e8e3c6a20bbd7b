#pragma once

#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "errors.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <pybind11/pybind11.h>

namespace envpack::python {

/// The environment of this process, and the Python that it runs.
pipeline::UserConfig user_config();

/// Passes progress on to a Python callable `progress(subject, done, total)`, at most 20 times a
/// second for each subject. An exception there ends the operation and is raised when it has ended.
class PythonProgress final : public ProgressSink {
public:
    /// `callable` may be None.
    PythonProgress(pybind11::object callable, std::stop_source& stop);
    void update(const Progress& progress) noexcept override;
    void note(std::string_view line) noexcept override;

    std::exception_ptr failure() const { return failure_; }
    const std::vector<std::string>& notes() const { return notes_; }

private:
    pybind11::object callable_;
    std::stop_source& stop_;
    std::mutex mutex_;
    std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> last_;
    std::exception_ptr failure_;
    std::vector<std::string> notes_;
};

/// Runs `work` on a thread of its own without the GIL, while this thread looks for signals every
/// 50 ms: so Ctrl-C and the stop button of a notebook end it. Raises what the callable raised, the
/// KeyboardInterrupt, or the exception of the Error; notes become warnings.
void run_interruptibly(const pybind11::object& progress,
                       const std::function<void(const RunContext&)>& work);

/// The same for an operation with a result.
template <class T>
T run(const pybind11::object& progress,
      const std::function<Result<T>(const RunContext&)>& operation) {
    std::optional<Result<T>> result;
    run_interruptibly(progress,
                      [&](const RunContext& context) { result.emplace(operation(context)); });
    return value_or_raise(*std::move(result));
}

}  // namespace envpack::python
