#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/oci/descriptor.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace envpack::oci {

/// `from`, verified against `descriptor`; failures say where the blob lies.
std::unique_ptr<ByteSource> verified_blob(std::unique_ptr<ByteSource> from,
                                          const Descriptor& descriptor, std::string place);

/// Everything from `from` to `to` if it is exactly `expected`; else digest_mismatch, as soon as it
/// is too long. Calls to.finish(). `place` is for the message.
Result<void> copy_exactly(ByteSource& from, ByteSink& to, const Descriptor& expected,
                          std::string_view place, const RunContext& run);

}  // namespace envpack::oci
