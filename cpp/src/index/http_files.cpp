#include "http_files.hpp"

#include "envpack/base/text.hpp"
#include "wheel_metadata.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace envpack::index {

namespace {

/// "bytes 10-19/100" (RFC 9110 section 14.4); nullopt for anything else, an unknown length too.
struct ContentRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t total = 0;
};

std::optional<ContentRange> parse_content_range(std::string_view text) {
    ContentRange range;
    const auto number = [&](std::string_view before, std::uint64_t& into) {
        if (!text.starts_with(before)) {
            return false;
        }
        text.remove_prefix(before.size());
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return error == std::errc();
    };
    const bool whole = number("bytes ", range.first) && number("-", range.last) &&
                       number("/", range.total) && text.empty();
    if (!whole || range.first > range.last || range.last >= range.total) {
        return std::nullopt;
    }
    return range;
}

/// Passes bytes on and reports how many there were.
class ReportingSink final : public ByteSink {
public:
    ReportingSink(ByteSink& next, const DistFile& file, const RunContext& run)
        : next_(next), file_(file), run_(run) {}
    Result<void> write(std::span<const std::byte> data) override {
        ENVPACK_CHECK(next_.write(data));
        done_ += data.size();
        run_.report(file_.filename, done_, file_.size);
        return {};
    }
    Result<void> finish() override { return next_.finish(); }
    std::uint64_t count() const noexcept { return done_; }

private:
    ByteSink& next_;
    const DistFile& file_;
    const RunContext& run_;
    std::uint64_t done_ = 0;
};

/// A file name of a page or a lock becomes a name in the cache, so it has to be one.
Result<void> check_filename(const std::string& filename) {
    const bool bad = filename.empty() || filename == "." || filename == ".." ||
                     filename.size() > 255 ||
                     filename.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos;
    if (bad) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("`{}` is no file name", text::printable(filename)))
                        .with_rule("index.file-name"));
    }
    return {};
}

}  // namespace

HttpFiles::HttpFiles(std::shared_ptr<http::HttpClient> client, http::Url home,
                     std::shared_ptr<const Cache> cache, Limits limits)
    : client_(std::move(client)),
      home_(std::move(home)),
      cache_(std::move(cache)),
      limits_(limits) {}

std::string HttpFiles::wire_url(const http::Url& url) const {
    if (url.origin() == home_.origin()) {
        return url.with_userinfo(home_.user(), home_.password()).to_string();
    }
    return url.to_string();
}

Result<http::Url> HttpFiles::url_of(const DistFile& file) const {
    ENVPACK_TRY(http::Url url, http::Url::parse(file.url));
    if (url.is_file()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("`{}` is not on an http server", url.shown()));
    }
    return url.without_userinfo().without_fragment();
}

std::shared_ptr<HttpFiles::OriginFacts> HttpFiles::facts_of(const http::Origin& origin) const {
    const std::scoped_lock lock(mutex_);
    auto& facts = origins_[origin];
    if (!facts) {
        facts = std::make_shared<OriginFacts>();
    }
    return facts;
}

Result<std::optional<std::string>> HttpFiles::sidecar(const http::Url& url, const DistFile& file,
                                                      const RunContext& run) const {
    const http::Request request{.url = wire_url(url.with_path_suffix(".metadata")),
                                .headers = {{"Accept-Encoding", "gzip"}}};
    auto text = http::get_text(*client_, request, limits_.max_metadata, run);
    if (!text) {
        const bool absent = text.error().code() == ErrorCode::not_found ||
                            (!file.has_metadata && text.error().http_status().has_value());
        if (absent) {
            return std::nullopt;
        }
        return fail(std::move(text).error());
    }
    if (file.metadata_sha256 && *file.metadata_sha256 != Digest::of(as_bytes(*text))) {
        return fail(Error(ErrorCode::digest_mismatch,
                          fmt::format("METADATA of `{}` does not have the sha256 that its page "
                                      "states",
                                      file.filename))
                        .with_rule("index.metadata-digest"));
    }
    return *std::move(text);
}

/// The bytes that `range` selects, and where they lie; nullopt when this server serves no ranges.
Result<std::optional<std::string>> HttpFiles::range_of(const http::Url& url,
                                                       const std::string& range,
                                                       std::size_t max_size, std::uint64_t& start,
                                                       std::uint64_t& total,
                                                       const RunContext& run) const {
    StringSink sink(max_size);
    const http::Request request{
        .url = wire_url(url), .headers = {{"Range", range}}, .max_body = max_size};
    auto response = client_->send(request, sink, run);
    if (!response) {
        // The whole of a large file was on its way.
        if (response.error().code() == ErrorCode::limit_exceeded) {
            return std::nullopt;
        }
        return fail(std::move(response).error());
    }
    switch (response->status) {
        case 401:
        case 403:
        case 404:
        case 410:
            return fail(http::status_failure(request, *response));
        case 200:
            start = 0;
            total = sink.text().size();
            return std::move(sink).take();
        default:
            break;
    }
    const std::string* stated = http::find_header(response->headers, "Content-Range");
    const auto where = stated == nullptr ? std::nullopt : parse_content_range(*stated);
    if (response->status != 206 || !where || where->last - where->first + 1 != sink.text().size()) {
        return std::nullopt;
    }
    start = where->first;
    total = where->total;
    return std::move(sink).take();
}

Result<std::optional<std::string>> HttpFiles::ranged(const http::Url& url, const DistFile& file,
                                                     const RunContext& run) const {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    ENVPACK_TRY(auto tail, range_of(url, fmt::format("bytes=-{}", wheel_tail_size), wheel_tail_size,
                                    start, size, run));
    if (!tail || start + tail->size() != size) {
        return std::nullopt;
    }
    bool same_file = true;
    const ReadRange read = [&](std::uint64_t offset, std::size_t length) -> Result<std::string> {
        std::uint64_t piece_start = 0;
        std::uint64_t piece_size = 0;
        ENVPACK_TRY(auto piece,
                    range_of(url, fmt::format("bytes={}-{}", offset, offset + length - 1), length,
                             piece_start, piece_size, run));
        same_file = piece && piece_start == offset && piece_size == size && piece->size() == length;
        if (!same_file) {
            return fail(ErrorCode::network_error, "the server does not keep to its ranges");
        }
        return *std::move(piece);
    };
    auto text = wheel_metadata_text(file.filename, size, *std::move(tail), read, limits_);
    if (!text) {
        // What the bytes say is decided by the whole, verified file; what the network does is not.
        const ErrorCode code = text.error().code();
        if (code == ErrorCode::parse_error || code == ErrorCode::limit_exceeded || !same_file) {
            return std::nullopt;
        }
        return fail(std::move(text).error());
    }
    return *std::move(text);
}

/// The ways that no page announces: ranges, then a sidecar; nullopt when neither works.
Result<std::optional<std::string>> HttpFiles::unannounced(const http::Url& url,
                                                          const DistFile& file,
                                                          const RunContext& run) const {
    const auto facts = facts_of(url.origin());
    std::unique_lock lock(facts->mutex);
    if (facts->serves_ranges.value_or(false)) {
        lock.unlock();
        return ranged(url, file, run);
    }
    if (!facts->serves_ranges) {
        ENVPACK_TRY(auto text, ranged(url, file, run));
        facts->serves_ranges = text.has_value();
        if (text) {
            return text;
        }
    }
    if (!facts->serves_sidecars.value_or(true)) {
        return std::nullopt;
    }
    if (facts->serves_sidecars) {
        lock.unlock();
        return sidecar(url, file, run);
    }
    ENVPACK_TRY(auto text, sidecar(url, file, run));
    facts->serves_sidecars = text.has_value();
    return text;
}

Result<std::string> HttpFiles::metadata_text(const DistFile& file, const RunContext& run) const {
    ENVPACK_TRY(const http::Url url, url_of(file));
    if (file.sha256) {
        if (auto cached = cache_->find_metadata(*file.sha256)) {
            return *std::move(cached);
        }
    }
    std::optional<std::string> text;
    if (file.has_metadata) {
        ENVPACK_TRY(text, sidecar(url, file, run));
    }
    if (!text && !file.filename.ends_with(".whl")) {
        return fail(Error(ErrorCode::unsupported,
                          fmt::format("METADATA of the source distribution `{}` is not known "
                                      "before it is built",
                                      file.filename)));
    }
    if (!text) {
        ENVPACK_TRY(text, unannounced(url, file, run));
    }
    if (!text) {
        ENVPACK_TRY(const auto path, download(file, run));
        ENVPACK_TRY(text, wheel_metadata_text(path, file.filename, limits_));
    }
    if (file.sha256) {
        if (const auto kept = cache_->store_metadata(*file.sha256, *text); !kept) {
            run.note(fmt::format("METADATA not cached: {}", kept.error().message()));
        }
    }
    return *std::move(text);
}

Result<std::filesystem::path> HttpFiles::download(const DistFile& file,
                                                  const RunContext& run) const {
    ENVPACK_TRY(const http::Url url, url_of(file));
    ENVPACK_CHECK(check_filename(file.filename));
    if (file.sha256) {
        ENVPACK_TRY(auto cached, cache_->find_file(*file.sha256, file.filename, run));
        if (cached) {
            return *std::move(cached);
        }
    } else {
        const std::scoped_lock lock(mutex_);
        if (const auto found = unhashed_.find(file.url); found != unhashed_.end()) {
            return found->second;
        }
    }
    const http::Request request{.url = wire_url(url),
                                .max_body = file.size.value_or(limits_.max_entry_size)};
    constexpr int tries = 3;
    for (int attempt = 1;; ++attempt) {
        ENVPACK_TRY(AtomicFile part, cache_->begin_file());
        HashingSink hash(&part);
        ReportingSink sink(hash, file, run);
        const auto response = client_->send(request, sink, run);
        if (!response) {
            // A body that broke off and could not be continued: from its start once more.
            const bool again = response.error().code() == ErrorCode::network_error &&
                               sink.count() > 0 && attempt < tries;
            if (again) {
                continue;
            }
            return fail(Error(response.error())
                            .with_context(fmt::format("while downloading `{}`", file.filename)));
        }
        if (response->status < 200 || response->status > 299) {
            return fail(http::status_failure(request, *response)
                            .with_context(fmt::format("while downloading `{}`", file.filename)));
        }
        const std::uint64_t size = sink.count();
        const Digest digest = std::move(hash).digest();
        if ((file.sha256 && *file.sha256 != digest) || (file.size && *file.size != size)) {
            return fail(Error(ErrorCode::digest_mismatch,
                              fmt::format("`{}` from `{}` is not the file that its page states: "
                                          "{} with {} bytes instead of {}",
                                          file.filename, url.shown(), digest.to_string(), size,
                                          file.sha256 ? file.sha256->to_string()
                                                      : fmt::format("{} bytes", *file.size)))
                            .with_rule("index.file-digest")
                            .with_hint("a proxy or mirror may have changed it; do not install it"));
        }
        ENVPACK_TRY(auto path, cache_->store_file(std::move(part), digest, file.filename));
        if (!file.sha256) {
            const std::scoped_lock lock(mutex_);
            unhashed_.insert_or_assign(file.url, path);
        }
        return path;
    }
}

}  // namespace envpack::index
