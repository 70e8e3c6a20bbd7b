#include "envpack/oci/target.hpp"

#include "envpack/base/text.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::oci {

Result<bool> Target::adopt(const Descriptor& /*expected*/, const UnnamedFile& /*content*/,
                           const RunContext& /*run*/) {
    return false;
}

bool is_ref_name(std::string_view name) noexcept {
    // ref       ::= component ("/" component)*
    // component ::= alphanum (separator alphanum)*
    // alphanum  ::= [A-Za-z0-9]+
    // separator ::= [-._:@+] | "--"
    const auto alnum = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (name.empty() || name.size() > 512 || !alnum(name.front()) || !alnum(name.back())) {
        return false;
    }
    for (std::size_t i = 1; i < name.size(); ++i) {
        if (alnum(name[i])) {
            continue;
        }
        const bool doubled = name[i] == '-' && name[i - 1] == '-' && alnum(name[i - 2]);
        if (std::string_view("-._:@+/").find(name[i]) == std::string_view::npos ||
            (!alnum(name[i - 1]) && !doubled)) {
            return false;
        }
    }
    return true;
}

Result<void> require_ref_name(std::string_view name) {
    if (is_ref_name(name)) {
        return {};
    }
    return fail(Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` cannot be a tag", text::printable(name)))
                    .with_rule("oci.tag")
                    .with_hint("use letters, digits and single `.`, `_`, `-` between them"));
}

Result<std::string> fetch_document(const Fetcher& from, const Descriptor& descriptor,
                                   std::size_t max_size, const RunContext& run) {
    if (descriptor.size > max_size) {
        return fail(Error(ErrorCode::limit_exceeded,
                          fmt::format("document {} has {} bytes, more than the limit of {}",
                                      descriptor.digest.to_string(), descriptor.size, max_size))
                        .with_rule("oci.document-size"));
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, from.fetch(descriptor, run));
    return read_all(*source, max_size);
}

}  // namespace envpack::oci
