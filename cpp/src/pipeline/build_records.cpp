#include "build_records.hpp"

#include "envpack/oci/blob_layer.hpp"
#include "envpack/oci/make_layer.hpp"

#include <cstdint>
#include <utility>

namespace envpack::pipeline {
namespace {

constexpr std::string_view layers_kind = "layers-v1";
constexpr std::string_view members_kind = "members-v1";
/// A blob that is read at once.
constexpr std::size_t max_members_blob = std::size_t{64} << 20;
constexpr std::string_view builds_kind = "builds-v1";
/// Another number where the same key would stand for other bytes: other files of an environment,
/// another division into layers, other marks in a record.
constexpr std::uint32_t build_format = 3;

void pack_writing(PackedWriter& key, const archive::LayerWriteOptions& writing) {
    key.number(static_cast<std::uint32_t>(writing.compression));
    key.text(oci::layer_recipe(writing));
    key.text(archive::compressor_version(writing.compression));
    key.number(writing.uid);
    key.number(writing.gid);
    key.number(writing.mtime);
}

void pack_layer(PackedWriter& record, const oci::Layer& layer) {
    record.text(layer.descriptor().media_type);
    record.digest(layer.descriptor().digest);
    record.number(layer.descriptor().size);
    record.digest(layer.diff_id());
    record.number(static_cast<std::uint32_t>(layer.descriptor().annotations.size()));
    for (const auto& [name, value] : layer.descriptor().annotations) {
        record.text(name);
        record.text(value);
    }
}

struct StoredLayer {
    oci::Descriptor descriptor;
    Digest diff_id;
};

StoredLayer unpack_layer(PackedReader& in) {
    StoredLayer stored;
    stored.descriptor.media_type = in.text();
    stored.descriptor.digest = in.digest();
    stored.descriptor.size = in.number<std::uint64_t>();
    stored.diff_id = in.digest();
    for (auto count = in.number<std::uint32_t>(); in.ok() && count > 0; --count) {
        std::string name(in.text());
        stored.descriptor.annotations.emplace(std::move(name), in.text());
    }
    return stored;
}

}  // namespace

BuildRecords::BuildRecords(const UserConfig& user, std::shared_ptr<const oci::Fetcher> blobs,
                           bool fresh)
    : blobs_(std::move(blobs)) {
    if (user.variable("ENVPACK_NO_CACHE").empty()) {
        cache_.emplace(user.cache_directory());
        finds_ = !fresh;
    }
}

std::optional<SharedText> BuildRecords::find(std::string_view kind, const Digest& key) const {
    return finds_ ? cache_->find_record(kind, key) : std::nullopt;
}

void BuildRecords::keep(std::string_view kind, const Digest& key, std::string_view text) const {
    if (cache_) {
        static_cast<void>(cache_->store_record(kind, key, text));
    }
}

oci::LayerPtr BuildRecords::layer_in_place(oci::Descriptor descriptor, const Digest& diff_id,
                                           const RunContext& run) const {
    const auto present = blobs_->exists(descriptor, run);
    return present && *present
               ? std::make_shared<const oci::BlobLayer>(blobs_, std::move(descriptor), diff_id)
               : nullptr;
}

oci::LayerPtr BuildRecords::find_layer(const Digest& key, const RunContext& run) const {
    const auto record = finds_layers() ? find(layers_kind, key) : std::nullopt;
    if (!record) {
        return nullptr;
    }
    PackedReader in(record->view());
    StoredLayer stored = unpack_layer(in);
    return in.ok() && in.at_end()
               ? layer_in_place(std::move(stored.descriptor), stored.diff_id, run)
               : nullptr;
}

void BuildRecords::keep_layer(const Digest& key, const oci::Layer& layer) const {
    PackedWriter record;
    pack_layer(record, layer);
    keep(layers_kind, key, record.view());
}

std::shared_ptr<const archive::KnownMembers> BuildRecords::find_members(
    const Digest& key, const RunContext& run) const {
    const auto record = finds_layers() ? find(members_kind, key) : std::nullopt;
    if (!record) {
        return nullptr;
    }
    PackedReader in(record->view());
    const StoredLayer stored = unpack_layer(in);
    auto known = std::make_shared<archive::KnownMembers>();
    while (in.ok() && !in.at_end()) {
        known->members.push_back({.plain = in.digest(),
                                  .offset = in.number<std::uint64_t>(),
                                  .size = in.number<std::uint64_t>()});
    }
    if (!in.ok() || stored.descriptor.size > max_members_blob) {
        return nullptr;
    }
    const auto blob = blobs_->fetch(stored.descriptor, run);
    if (!blob) {
        return nullptr;
    }
    // Verified as it is read: nothing of another blob gets into a layer.
    auto bytes =
        read_all(**blob, max_members_blob, static_cast<std::size_t>(stored.descriptor.size));
    if (!bytes) {
        return nullptr;
    }
    known->blob = *std::move(bytes);
    return known;
}

void BuildRecords::keep_members(const Digest& key, const oci::Layer& layer,
                                const std::vector<archive::PackedMember>& members) const {
    PackedWriter record;
    pack_layer(record, layer);
    for (const archive::PackedMember& member : members) {
        record.digest(member.plain);
        record.number(member.offset);
        record.number(member.size);
    }
    keep(members_kind, key, record.view());
}

std::optional<RecordedBuild> BuildRecords::find_build(const Digest& key,
                                                      const RunContext& run) const {
    const auto record = finds_layers() ? find(builds_kind, key) : std::nullopt;
    if (!record) {
        return std::nullopt;
    }
    PackedReader in(record->view());
    RecordedBuild build;
    for (auto count = in.number<std::uint32_t>(); in.ok() && count > 0; --count) {
        StoredLayer stored = unpack_layer(in);
        RecordedLayer layer{
            .layer = layer_in_place(std::move(stored.descriptor), stored.diff_id, run),
            .title = std::string(in.text()),
            .created_by = std::string(in.text()),
            .comment = std::string(in.text())};
        if (layer.layer == nullptr) {
            return std::nullopt;
        }
        build.layers.push_back(std::move(layer));
    }
    for (auto count = in.number<std::uint32_t>(); in.ok() && count > 0; --count) {
        build.notes.emplace_back(in.text());
    }
    build.startup_hooks = unpack_hooks(in);
    return in.ok() && in.at_end() ? std::optional(std::move(build)) : std::nullopt;
}

void BuildRecords::keep_build(const Digest& key, const RecordedBuild& build) const {
    PackedWriter record;
    record.number(static_cast<std::uint32_t>(build.layers.size()));
    for (const RecordedLayer& layer : build.layers) {
        pack_layer(record, *layer.layer);
        record.text(layer.title);
        record.text(layer.created_by);
        record.text(layer.comment);
    }
    record.number(static_cast<std::uint32_t>(build.notes.size()));
    for (const std::string& note : build.notes) {
        record.text(note);
    }
    pack_hooks(record, build.startup_hooks);
    keep(builds_kind, key, record.view());
}

PackedWriter record_key(std::string_view kind, std::uint32_t format) {
    PackedWriter key;
    key.text(kind);
    key.text(ENVPACK_VERSION);
    key.number(format);
    return key;
}

std::optional<Digest> layer_key(const std::vector<archive::PlannedEntry>& entries,
                                const std::optional<std::vector<Digest>>& wheels,
                                const archive::LayerWriteOptions& options) {
    if (!wheels) {
        return std::nullopt;
    }
    PackedWriter key = record_key(layers_kind, build_format);
    pack_writing(key, options);
    // What is moved from a wheel is moved as it was compressed there: plain bytes are not all.
    key.number(static_cast<std::uint64_t>(wheels->size()));
    for (const Digest& wheel : *wheels) {
        key.digest(wheel);
    }
    for (const archive::PlannedEntry& entry : entries) {
        const bool is_file = entry.type == archive::FileType::regular;
        if (is_file && !entry.sha256) {
            return std::nullopt;
        }
        key.number(static_cast<std::uint8_t>(entry.type));
        key.text(entry.path.str());
        key.number(entry.mode);
        key.number(entry.owner ? entry.owner->uid : options.uid);
        key.number(entry.owner ? entry.owner->gid : options.gid);
        key.number(is_file ? entry.content.size() : 0);
        key.digest(is_file ? *entry.sha256 : Digest());
        key.text(entry.type == archive::FileType::symlink ? entry.link_target : "");
    }
    return Digest::of(as_bytes(key.view()));
}

Digest members_key(const archive::LayerWriteOptions& writing) {
    PackedWriter key = record_key(members_kind, build_format);
    pack_writing(key, writing);
    return Digest::of(as_bytes(key.view()));
}

Digest build_key(std::string_view lock, const Digest& base, const BuildOptions& options,
                 const archive::LayerWriteOptions& writing) {
    PackedWriter key = record_key(builds_kind, build_format);
    pack_writing(key, writing);
    key.text(lock);
    key.digest(base);
    key.text(to_string(options.layout));
    key.text(options.prefix);
    key.number(static_cast<std::uint8_t>(options.constraints));
    return Digest::of(as_bytes(key.view()));
}

}  // namespace envpack::pipeline
