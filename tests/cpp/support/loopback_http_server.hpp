#pragma once

#include "envpack/base/text.hpp"
#include "envpack/http/memory_http_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace envpack::test {

/// A small HTTP/1.1 server on 127.0.0.1 with a port of its own choice, scripted like a
/// MemoryHttpClient. Bounded: 64 KiB of headers, 16 MiB of body. Thread-safe.
class LoopbackHttpServer {
public:
    using Answer = http::MemoryHttpClient::Answer;
    using Recorded = http::MemoryHttpClient::Recorded;
    using Responder = http::MemoryHttpClient::Responder;

    LoopbackHttpServer() {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        if (listener_ < 0 || ::bind(listener_, raw, size) != 0 || ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, raw, &size) != 0) {
            throw std::runtime_error("no loopback socket");
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~LoopbackHttpServer() {
        stopping_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(listener_);
        {
            const std::scoped_lock lock(mutex_);
            for (const int connection : open_) {
                ::shutdown(connection, SHUT_RDWR);
            }
        }
        for (std::thread& thread : connections_) {
            thread.join();
        }
    }
    LoopbackHttpServer(const LoopbackHttpServer&) = delete;
    LoopbackHttpServer& operator=(const LoopbackHttpServer&) = delete;

    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    void respond(const std::string& path, Responder responder) {
        const std::scoped_lock lock(mutex_);
        routes_[path] = std::move(responder);
    }
    void route(const std::string& path, Answer answer) {
        respond(path, [answer = std::move(answer)](const Recorded&) { return answer; });
    }
    /// URLs are absolute, as in MemoryHttpClient.
    std::vector<Recorded> requests() const {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }
    /// Connections accepted so far.
    int connection_count() const { return accepted_; }

private:
    void accept_all() {
        while (!stopping_) {
            const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection < 0) {
                continue;
            }
            ++accepted_;
            const std::scoped_lock lock(mutex_);
            open_.push_back(connection);
            connections_.emplace_back([this, connection] {
                while (serve_one(connection)) {
                }
                const std::scoped_lock closing(mutex_);
                open_.remove(connection);
                ::close(connection);
            });
        }
    }

    static bool receive(int connection, std::string& buffer) {
        char chunk[65536];
        const ssize_t size = ::recv(connection, chunk, sizeof chunk, 0);
        if (size <= 0) {
            return false;
        }
        buffer.append(chunk, static_cast<std::size_t>(size));
        return true;
    }

    static bool send_all(int connection, std::string_view data) {
        while (!data.empty()) {
            const ssize_t size = ::send(connection, data.data(), data.size(), MSG_NOSIGNAL);
            if (size <= 0) {
                return false;
            }
            data.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }

    static bool receive_chunked(int connection, std::string& buffer, std::string& body) {
        while (true) {
            std::size_t end = 0;
            while ((end = buffer.find("\r\n")) == std::string::npos) {
                if (!receive(connection, buffer)) {
                    return false;
                }
            }
            const std::size_t size = std::stoul(buffer.substr(0, end), nullptr, 16);
            while (buffer.size() < end + 2 + size + 2) {
                if (!receive(connection, buffer)) {
                    return false;
                }
            }
            body += buffer.substr(end + 2, size);
            buffer.erase(0, end + 2 + size + 2);
            if (size == 0) {
                return true;
            }
        }
    }

    bool serve_one(int connection) {
        std::string buffer;
        std::size_t end = 0;
        while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
            if (buffer.size() > (64u << 10) || !receive(connection, buffer)) {
                return false;
            }
        }
        const std::string head = buffer.substr(0, end + 2);
        buffer.erase(0, end + 4);
        Recorded request;
        for (const std::string_view line : text::lines(head)) {
            if (request.method.empty()) {
                const auto words = text::words(line);
                request.method = words.at(0);
                request.url = url(std::string(words.at(1)));
            } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
                request.headers.push_back({std::string(line.substr(0, colon)),
                                           std::string(text::trim(line.substr(colon + 1)))});
            }
        }
        if (const auto* length = http::find_header(request.headers, "Content-Length")) {
            const std::size_t size = std::min<std::size_t>(std::stoul(*length), 16u << 20);
            while (buffer.size() < size) {
                if (!receive(connection, buffer)) {
                    return false;
                }
            }
            request.body = buffer.substr(0, size);
        } else if (http::find_header(request.headers, "Transfer-Encoding") != nullptr &&
                   !receive_chunked(connection, buffer, request.body)) {
            return false;
        }
        return answer(connection, request);
    }

    bool answer(int connection, const Recorded& request) {
        Responder responder = [](const Recorded&) { return Answer{.status = 404}; };
        {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(request);
            const std::string path = request.url.substr(url("").size());
            if (const auto found = routes_.find(path); found != routes_.end()) {
                responder = found->second;
            }
        }
        const Answer answer = responder(request);
        std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " Scripted\r\n";
        for (const http::Header& header : answer.headers) {
            out += header.name + ": " + header.value + "\r\n";
        }
        const bool chunked = http::find_header(answer.headers, "Transfer-Encoding") != nullptr;
        const bool bodyless = answer.status == 204 || answer.status == 304;
        if (!chunked && !bodyless) {
            out += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
        }
        out += "\r\n";
        if (request.method != "HEAD" && !bodyless) {
            out += chunked ? "" : answer.body.substr(0, answer.breaks_after);
            for (std::size_t at = 0; chunked && at < answer.body.size(); at += 7) {
                const std::string piece = answer.body.substr(at, 7);
                out += std::to_string(piece.size()) + "\r\n" + piece + "\r\n";
            }
            out += chunked ? "0\r\n\r\n" : "";
        }
        return send_all(connection, out) && answer.breaks_after >= answer.body.size();
    }

    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> accepted_ = 0;
    mutable std::mutex mutex_;
    std::map<std::string, Responder> routes_;
    std::vector<Recorded> requests_;
    std::list<int> open_;
    std::list<std::thread> connections_;
    std::thread acceptor_;
};

}  // namespace envpack::test
