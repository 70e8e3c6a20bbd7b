#include "curl_loop.hpp"

#include "curl_transfer.hpp"
#include "envpack/base/assert.hpp"

#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>

namespace envpack::http {

class CurlLoop::Worker {
public:
    explicit Worker(const CurlLibrary& library) : curl_(library) {
        multi_ = curl_.multi_init();
        share_ = curl_.share_init();
        ENVPACK_ASSERT(multi_ != nullptr && share_ != nullptr);
        curl_.share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
        curl_.multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
        curl_.multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, 16L);
    }

    ~Worker() {
        enqueue(Command::quit, nullptr);
        if (thread_.joinable()) {
            thread_.join();
        }
        curl_.multi_cleanup(multi_);
        curl_.share_cleanup(share_);
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    const CurlLibrary& curl() const noexcept { return curl_; }

    enum class Command : std::uint8_t { start, drop, resume, quit };

    void enqueue(Command command, TransferPtr transfer) {
        {
            const std::scoped_lock lock(mutex_);
            if (command == Command::start && !thread_.joinable()) {
                start_thread();
            }
            commands_.emplace_back(command, std::move(transfer));
        }
        curl_.multi_wakeup(multi_);
    }

private:
    void start_thread() {
        // Signals belong to the program's own threads.
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        thread_ = std::thread([this] { loop(); });
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    void loop() {
        while (obey()) {
            int running = 0;
            curl_.multi_perform(multi_, &running);
            int queued = 0;
            while (const CURLMsg* message = curl_.multi_info_read(multi_, &queued)) {
                if (message->msg == CURLMSG_DONE) {
                    finish(message->easy_handle, message->data.result);
                }
            }
            curl_.multi_poll(multi_, nullptr, 0, 1000, nullptr);
        }
        while (!active_.empty()) {
            finish(active_.begin()->first, CURLE_ABORTED_BY_CALLBACK);
        }
    }

    /// False once there is nothing more to do.
    bool obey() {
        std::vector<std::pair<Command, TransferPtr>> commands;
        {
            const std::scoped_lock lock(mutex_);
            commands.swap(commands_);
        }
        for (auto& [command, transfer] : commands) {
            if (command == Command::quit) {
                return false;
            }
            if (command == Command::start) {
                curl_.easy_setopt(transfer->easy, CURLOPT_SHARE, share_);  // sessions of TLS
                active_.emplace(transfer->easy, transfer);
                curl_.multi_add_handle(multi_, transfer->easy);
            } else if (active_.contains(transfer->easy)) {
                if (command == Command::resume) {
                    curl_.easy_pause(transfer->easy, CURLPAUSE_CONT);
                } else {
                    finish(transfer->easy, CURLE_ABORTED_BY_CALLBACK);
                }
            }
        }
        return true;
    }

    void finish(CURL* easy, CURLcode code) {
        const auto found = active_.find(easy);
        const TransferPtr transfer = found->second;
        active_.erase(found);
        curl_.multi_remove_handle(multi_, easy);
        curl_.easy_cleanup(easy);
        const std::scoped_lock lock(transfer->mutex);
        transfer->easy = nullptr;
        transfer->done = true;
        transfer->code = code;
        transfer->changed.notify_all();
    }

    const CurlLibrary& curl_;
    CURLM* multi_ = nullptr;
    CURLSH* share_ = nullptr;
    std::map<CURL*, TransferPtr> active_;  ///< the thread's own
    std::mutex mutex_;
    std::vector<std::pair<Command, TransferPtr>> commands_;  ///< guarded by the mutex
    std::thread thread_;
};

CurlLoop::CurlLoop(ClientOptions options) : options_(std::move(options)) {}

CurlLoop::~CurlLoop() = default;

Result<CurlLoop::Worker*> CurlLoop::worker() {
    const std::scoped_lock lock(mutex_);
    if (!worker_) {
        ENVPACK_TRY(const CurlLibrary* curl, curl_library());
        worker_ = std::make_unique<Worker>(*curl);
    }
    return worker_.get();
}

WireResult CurlLoop::exchange(const WireRequest& request, Delivery& delivery,
                              const RunContext& run) {
    using Command = Worker::Command;
    const auto started = worker();
    if (!started) {
        return tl::unexpected(WireFailure{started.error(), false});
    }
    Worker* const loop = *started;
    const auto prepared = prepare(loop->curl(), options_, request);
    if (!prepared) {
        return tl::unexpected(WireFailure{prepared.error(), false});
    }
    const TransferPtr& shared = *prepared;
    Transfer& transfer = *shared;
    const auto give_up = [&](Error error) -> WireResult {
        loop->enqueue(Command::drop, shared);
        return tl::unexpected(WireFailure{std::move(error), false});
    };
    loop->enqueue(Command::start, shared);
    bool begun = false;
    std::unique_lock lock(transfer.mutex);
    while (true) {
        transfer.changed.wait(lock, run.stop, [&] {
            return transfer.done || !transfer.inbox.empty() || transfer.upload_wanted ||
                   (transfer.headers_complete && !begun);
        });
        if (auto going = run.check(); !going) {
            lock.unlock();
            return give_up(std::move(going).error());
        }
        if (transfer.headers_complete && !begun) {
            begun = true;
            const int status = transfer.status;
            std::vector<Header> headers = transfer.headers;
            lock.unlock();
            if (auto taken = delivery.begin(status, std::move(headers)); !taken) {
                return give_up(std::move(taken).error());
            }
        } else if (!transfer.inbox.empty()) {
            const std::string chunk = std::exchange(transfer.inbox, {});
            const bool paused = std::exchange(transfer.download_paused, false);
            lock.unlock();
            if (paused) {
                loop->enqueue(Command::resume, shared);
            }
            if (auto taken = delivery.write(as_bytes(chunk)); !taken) {
                return give_up(std::move(taken).error());
            }
            if (!delivery.wants_more()) {
                loop->enqueue(Command::drop, shared);
                return {};
            }
        } else if (transfer.done) {
            break;
        } else if (transfer.upload_wanted) {
            transfer.upload_wanted = false;
            lock.unlock();
            std::string chunk(upload_chunk, '\0');
            const auto size = request.body->read(std::as_writable_bytes(std::span(chunk)));
            if (!size) {
                return give_up(size.error());
            }
            chunk.resize(*size);
            lock.lock();
            transfer.outbox = std::move(chunk);
            transfer.outbox_sent = 0;
            transfer.outbox_end = *size == 0;
            const bool paused = std::exchange(transfer.upload_paused, false);
            lock.unlock();
            if (paused) {
                loop->enqueue(Command::resume, shared);
            }
        } else {
            continue;
        }
        lock.lock();
    }
    if (transfer.code == CURLE_OK && begun) {
        return {};
    }
    return tl::unexpected(failure_of(transfer, request));
}

}  // namespace envpack::http
