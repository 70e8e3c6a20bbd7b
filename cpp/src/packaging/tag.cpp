#include "envpack/packaging/tag.hpp"

#include "envpack/base/text.hpp"
#include "scanner.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace envpack::packaging {
namespace {

constexpr std::size_t max_tags = 4096;

Error bad_tag(std::string_view text, std::string_view problem) {
    std::string message = "`";
    message.append(text::printable(text)).append("` is no wheel tag: ").append(problem);
    return Error(ErrorCode::parse_error, std::move(message));
}

// str.isidentifier(), with every letter of another alphabet allowed.
bool is_identifier(std::string_view text) noexcept {
    return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
           std::all_of(text.begin(), text.end(), is_word);
}

/// What is before the next separator; `rest` begins behind it.
std::string_view take_until(char separator, std::string_view& rest) noexcept {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return piece;
}

std::string join_sorted(std::span<const Tag> tags, std::string Tag::*component) {
    std::vector<std::string> pieces;
    pieces.reserve(tags.size());
    for (const Tag& tag : tags) {
        pieces.push_back(tag.*component);
    }
    std::sort(pieces.begin(), pieces.end());
    pieces.erase(std::unique(pieces.begin(), pieces.end()), pieces.end());
    return text::join(pieces, ".");
}

}  // namespace

Result<Tag> Tag::parse(std::string_view text) {
    ENVPACK_TRY(std::vector<Tag> tags, parse_tag_set(text));
    if (tags.size() != 1) {
        return fail(bad_tag(text, "it is a set of several tags"));
    }
    return std::move(tags.front());
}

std::string Tag::to_string() const {
    std::string text;
    text.reserve(interpreter.size() + abi.size() + platform.size() + 2);
    text.append(interpreter).append("-").append(abi).append("-").append(platform);
    return text;
}

Result<std::vector<Tag>> parse_tag_set(std::string_view text) {
    if (std::ranges::count(text, '-') != 2) {
        return fail(bad_tag(text, "it has not three parts"));
    }
    const std::string lower = text::to_lower(text);
    std::string_view rest = lower;
    std::array<std::vector<std::string_view>, 3> components;
    std::size_t count = 1;
    for (auto& component : components) {
        component = text::split(take_until('-', rest), '.');
        if (std::ranges::any_of(component, &std::string_view::empty)) {
            return fail(bad_tag(text, "a component is empty"));
        }
        count *= std::min(component.size(), max_tags + 1);
        if (count > max_tags) {
            return fail(ErrorCode::limit_exceeded,
                        "a compressed tag set stands for more than 4096 tags");
        }
    }
    std::vector<Tag> tags;
    tags.reserve(count);
    for (const std::string_view interpreter : components[0]) {
        if (!is_identifier(interpreter)) {
            return fail(bad_tag(text, "its interpreter is no identifier"));
        }
        for (const std::string_view abi : components[1]) {
            for (const std::string_view platform : components[2]) {
                tags.push_back({std::string(interpreter), std::string(abi), std::string(platform)});
            }
        }
    }
    if (tags.size() > 1) {
        std::sort(tags.begin(), tags.end());
        tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    }
    return tags;
}

std::string to_tag_set(std::span<const Tag> tags) {
    return join_sorted(tags, &Tag::interpreter) + '-' + join_sorted(tags, &Tag::abi) + '-' +
           join_sorted(tags, &Tag::platform);
}

TagIndex::TagIndex(std::span<const Tag> best_first) {
    ranks_.reserve(best_first.size());
    for (std::size_t rank = 0; rank < best_first.size(); ++rank) {
        ranks_.emplace(best_first[rank], rank);
    }
}

TagIndex::TagIndex(const TagTarget& target) : TagIndex(supported_tags(target)) {}

std::optional<std::size_t> TagIndex::rank(std::span<const Tag> tags) const {
    std::optional<std::size_t> best;
    for (const Tag& tag : tags) {
        const auto found = ranks_.find(tag);
        if (found != ranks_.end() && (!best || found->second < *best)) {
            best = found->second;
        }
    }
    return best;
}

std::optional<std::size_t> TagIndex::rank(std::string_view tag_set) const {
    std::string lower;
    if (std::any_of(tag_set.begin(), tag_set.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
        lower = text::to_lower(tag_set);
        tag_set = lower;
    }
    std::array<std::string_view, 3> parts;
    for (std::string_view& part : parts) {
        part = take_until('-', tag_set);
    }
    std::optional<std::size_t> best;
    std::size_t looked_at = 0;
    for (std::string_view interpreters = parts[0]; !interpreters.empty();) {
        const std::string_view interpreter = take_until('.', interpreters);
        for (std::string_view abis = parts[1]; !abis.empty();) {
            const std::string_view abi = take_until('.', abis);
            for (std::string_view platforms = parts[2]; !platforms.empty() && looked_at < max_tags;
                 ++looked_at) {
                const auto found = ranks_.find(View{interpreter, abi, take_until('.', platforms)});
                if (found != ranks_.end() && (!best || found->second < *best)) {
                    best = found->second;
                }
            }
        }
    }
    return best;
}

std::size_t TagIndex::Hash::operator()(const View& tag) const noexcept {
    const std::hash<std::string_view> hash;
    // The platform varies most; any odd multiplier spreads the other two.
    return (hash(tag.interpreter) * 31 + hash(tag.abi)) * 31 + hash(tag.platform);
}

}  // namespace envpack::packaging
