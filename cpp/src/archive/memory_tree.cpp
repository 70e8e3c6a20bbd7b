#include "envpack/archive/memory_tree.hpp"

#include "envpack/base/assert.hpp"
#include "not_there.hpp"
#include "owned_text_source.hpp"

#include <utility>

namespace envpack::archive {
namespace {

SafePath checked(std::string_view path) {
    if (path.empty()) {
        return {};
    }
    Result<SafePath> parsed = SafePath::normalize(path);
    ENVPACK_ASSERT(parsed.has_value() && parsed->str() == path);
    return *std::move(parsed);
}

}  // namespace

MemoryTree::MemoryTree() {
    nodes_[""] = Node{.info = {.type = FileType::directory, .mode = 0755}, .text = nullptr};
}

MemoryTree& MemoryTree::add_file(std::string_view path, std::string text, std::uint32_t mode) {
    return add(checked(path), {.type = FileType::regular, .mode = mode}, std::move(text));
}

MemoryTree& MemoryTree::add_directory(std::string_view path, std::uint32_t mode) {
    return add(checked(path), {.type = FileType::directory, .mode = mode});
}

MemoryTree& MemoryTree::add_symlink(std::string_view path, std::string target) {
    return add(checked(path),
               {.type = FileType::symlink, .mode = 0777, .link_target = std::move(target)});
}

MemoryTree& MemoryTree::add(const SafePath& path, FileInfo info, std::string text) {
    ENVPACK_ASSERT(!path.is_root() || info.type == FileType::directory);
    add_parents(path);
    std::shared_ptr<const std::string> bytes;
    info.size = 0;
    if (info.type == FileType::regular) {
        info.size = text.size();
        bytes = std::make_shared<const std::string>(std::move(text));
    }
    nodes_[path.str()] = Node{.info = std::move(info), .text = std::move(bytes)};
    return *this;
}

void MemoryTree::add_parents(const SafePath& path) {
    if (path.is_root()) {
        return;
    }
    const SafePath parent = path.parent();
    if (const auto found = nodes_.find(parent.str()); found != nodes_.end()) {
        ENVPACK_ASSERT(found->second.info.type == FileType::directory);
        return;
    }
    add_parents(parent);
    nodes_[parent.str()] =
        Node{.info = {.type = FileType::directory, .mode = 0755}, .text = nullptr};
}

Result<std::optional<FileInfo>> MemoryTree::lookup(const SafePath& path) const {
    const auto found = nodes_.find(path.str());
    if (found == nodes_.end()) {
        return std::nullopt;
    }
    return found->second.info;
}

Result<std::vector<std::string>> MemoryTree::list(const SafePath& path) const {
    const auto found = nodes_.find(path.str());
    if (found == nodes_.end() || found->second.info.type != FileType::directory) {
        return no_directory(path);
    }
    // Children sort between "path/" and "path0", with deeper paths among them.
    const std::string prefix = path.is_root() ? "" : path.str() + '/';
    std::vector<std::string> names;
    auto it = nodes_.upper_bound(prefix);
    while (it != nodes_.end() && it->first.starts_with(prefix)) {
        const std::string_view rest = std::string_view(it->first).substr(prefix.size());
        const std::size_t slash = rest.find('/');
        if (slash == std::string_view::npos) {
            names.emplace_back(rest);
            ++it;
        } else {
            // Everything below one child at once: '0' follows '/'.
            it = nodes_.lower_bound(prefix + std::string(rest.substr(0, slash)) + '0');
        }
    }
    return names;
}

Result<std::unique_ptr<ByteSource>> MemoryTree::open(const SafePath& path) const {
    const auto found = nodes_.find(path.str());
    if (found == nodes_.end() || found->second.text == nullptr) {
        return no_file(path);
    }
    return std::make_unique<OwnedTextSource>(found->second.text);
}

}  // namespace envpack::archive
