// SPDX-License-Identifier: GPL-2.0-or-later
// Checking a bundle before anything in it is believed.
#pragma once

#include <cstddef>
#include <span>

#include <lkvm/bundle.hpp>
#include <lkvm/result.hpp>

namespace lkvm::hv {

/// The zone records of `file`, every field checked against the file and the formats' limits.
/// Errors: `bad_format` (detail: 1 magic, 2 version, 3 checksum), `truncated`, `out_of_range`
/// (detail: number of the zone), `too_many`.
[[nodiscard]] Result<std::span<const bundle::Zone>> read_bundle(std::span<const std::byte> file);

}  // namespace lkvm::hv
