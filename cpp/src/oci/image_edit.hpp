#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/oci/image.hpp"

#include <string>
#include <vector>

namespace envpack::oci {

/// An image taken apart for a change: append() and with_config() edit the two documents and put
/// them together again, so that whatever they do not know is kept. One thread.
struct ImageEdit {
    Manifest manifest;
    ImageConfig config;
    std::vector<LayerPtr> layers;

    /// unsupported (rule `oci.mixed-families`) for an image that mixes media types.
    static Result<ImageEdit> open(const Image& image);
    /// Both documents in canonical JSON, the config's descriptor made to fit.
    Result<ImagePtr> seal();

    json::Value& manifest_document() { return manifest.document; }
    json::Value& config_document() { return config.document; }
    /// Appends a history entry; before the first one that stands for a new layer, the entries that
    /// the base lacks are filled in.
    Result<void> add_history(UnixTime created, const std::string& created_by,
                             const std::string& comment, bool empty_layer);
    void set_annotation(std::string_view key, const std::string& value);
};

/// The member of `object`, made an empty object or array first when it is absent or null.
json::Value& object_member(json::Value& object, std::string_view key);
json::Value& array_member(json::Value& object, std::string_view key);

/// format_rfc3339, for an instant from outside: invalid_argument beyond the years 0 to 9999.
Result<std::string> rfc3339(UnixTime instant);

}  // namespace envpack::oci
