#include "envpack/archive/stacked_tree.hpp"

#include "envpack/archive/tar_reader.hpp"
#include "not_there.hpp"
#include "stacked_apply.hpp"
#include "stacked_nodes.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {

struct StackedTree::State {
    Listings layers;
    ReopenLayer reopen;
    Limits limits;
    StackedNodes nodes;
    std::vector<LayerChange> changes;

    StackedNodes::Id find(const SafePath& path) const {
        StackedNodes::Id id = StackedNodes::root;
        std::string_view rest = path.str();
        while (!rest.empty() && id != StackedNodes::none) {
            const std::size_t slash = rest.find('/');
            id = nodes.find(id, rest.substr(0, slash));
            rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
        }
        return id;
    }

    LayerListing::Entry entry(const StackedNodes::Node& node) const {
        return layers[node.content_layer]->entry(node.entry);
    }
};

StackedTree::StackedTree(std::unique_ptr<const State> state) noexcept : state_(std::move(state)) {}
StackedTree::~StackedTree() = default;

Result<std::unique_ptr<const StackedTree>> StackedTree::make(
    std::vector<std::shared_ptr<const LayerListing>> layers, ReopenLayer reopen,
    const Limits& limits) {
    if (layers.size() > std::numeric_limits<std::uint16_t>::max()) {
        return refuse("layer.count", fmt::format("image has {} layers", layers.size()),
                      ErrorCode::limit_exceeded);
    }
    auto state = std::make_unique<State>();
    state->layers = std::move(layers);
    state->reopen = std::move(reopen);
    state->limits = limits;
    std::size_t entries = 1;
    for (const auto& layer : state->layers) {
        entries += layer->size();
    }
    state->nodes.reserve(entries);
    LayerApplication application(state->layers, state->nodes, state->changes);
    for (std::size_t i = 0; i < state->layers.size(); ++i) {
        ENVPACK_CHECK(
            with_context(application.apply(i), fmt::format("while stacking layer {}", i + 1)));
    }
    return std::unique_ptr<const StackedTree>(new StackedTree(std::move(state)));
}

Result<std::optional<FileInfo>> StackedTree::lookup(const SafePath& path) const {
    const StackedNodes::Id id = state_->find(path);
    if (id == StackedNodes::none) {
        return std::nullopt;
    }
    FileInfo info = node_info(state_->layers, state_->nodes[id]);
    if (id == StackedNodes::root && state_->nodes[id].entry == StackedNodes::implied) {
        info.layer.reset();
    }
    return info;
}

Result<std::vector<std::string>> StackedTree::list(const SafePath& path) const {
    const StackedNodes::Id id = state_->find(path);
    if (id == StackedNodes::none || state_->nodes[id].type != FileType::directory) {
        return no_directory(path);
    }
    std::vector<std::string> names;
    for (StackedNodes::Id child = state_->nodes[id].first_child; child != StackedNodes::none;
         child = state_->nodes[child].next) {
        names.emplace_back(state_->nodes[child].name_text());
    }
    std::sort(names.begin(), names.end());
    return names;
}

Result<std::unique_ptr<ByteSource>> StackedTree::open(const SafePath& path) const {
    /// Reads a captured file; keeps its listing alive.
    class CapturedSource final : public ByteSource {
    public:
        CapturedSource(std::shared_ptr<const LayerListing> owner, const std::string& text)
            : owner_(std::move(owner)), source_(text) {}
        Result<std::size_t> read(std::span<std::byte> into) override { return source_.read(into); }

    private:
        std::shared_ptr<const LayerListing> owner_;
        MemorySource source_;
    };

    const StackedNodes::Id id = state_->find(path);
    if (id == StackedNodes::none || state_->nodes[id].type != FileType::regular) {
        return no_file(path);
    }
    const StackedNodes::Node& node = state_->nodes[id];
    const LayerListing::Entry entry = state_->entry(node);
    if (entry.captured != nullptr) {
        return std::make_unique<CapturedSource>(state_->layers[node.content_layer],
                                                *entry.captured);
    }
    if (!state_->reopen) {
        return fail(Error(ErrorCode::unsupported,
                          fmt::format("the content of `{}` was not kept", path.str()))
                        .with_path(path.str()));
    }
    ENVPACK_TRY(std::unique_ptr<ByteSource> layer, state_->reopen(node.content_layer));
    ENVPACK_TRY(TarReader tar, TarReader::open(std::move(layer), state_->limits));
    for (std::uint64_t member = 0;; ++member) {
        ENVPACK_TRY(const TarEntry* const found, tar.next());
        if (found == nullptr || (member == entry.member && found->size != entry.size)) {
            return fail(
                ErrorCode::digest_mismatch,
                fmt::format("layer {} is not the one that was listed", node.content_layer + 1));
        }
        if (member == entry.member) {
            return std::move(tar).take_current();
        }
    }
}

Result<std::unique_ptr<const StackedTree>> StackedTree::lowest(std::size_t count) const {
    const std::size_t kept = std::min(count, state_->layers.size());
    return make(
        {state_->layers.begin(), state_->layers.begin() + static_cast<std::ptrdiff_t>(kept)},
        state_->reopen, state_->limits);
}

std::optional<StackedTree::ContentPlace> StackedTree::content_place(const SafePath& path) const {
    const StackedNodes::Id id = state_->find(path);
    if (id == StackedNodes::none || state_->nodes[id].type != FileType::regular) {
        return std::nullopt;
    }
    const StackedNodes::Node& node = state_->nodes[id];
    return ContentPlace{.layer = node.content_layer, .member = state_->entry(node).member};
}

const std::vector<LayerChange>& StackedTree::changes() const noexcept {
    return state_->changes;
}
const LayerListing& StackedTree::layer(std::size_t index) const {
    return *state_->layers.at(index);
}
std::size_t StackedTree::layer_count() const noexcept {
    return state_->layers.size();
}
std::size_t StackedTree::node_count() const noexcept {
    return state_->nodes.live();
}

}  // namespace envpack::archive
