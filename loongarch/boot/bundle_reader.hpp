// SPDX-License-Identifier: GPL-2.0-or-later
// Checking a bundle before anything in it is believed: by `lkvm pack`, `lkvm run --bundle` and
// again by the hypervisor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/bundle.hpp>
#include <lkvm/result.hpp>

#include "loongarch/boot/bundle_fault.hpp"

namespace lkvm::la {

/// End of what a zone's stage 2 can map, exclusive.
inline constexpr std::uint64_t zone_address_limit = std::uint64_t{1} << 47;

/// Where the bundle starts in a file that begins with these bytes (64 are enough); 0 if the file is
/// no image of the hypervisor. Nothing says yet that a bundle is there.
[[nodiscard]] std::uint64_t bundle_offset(std::span<const std::byte> head);

/// The bundle in a file that is one, or in an image of the hypervisor with one behind it. Error:
/// `not_found`.
[[nodiscard]] Result<std::span<const std::byte>> find_bundle(std::span<const std::byte> file);

/// The zone records of `file`, whose address is a multiple of 8: every field is inside its limits
/// and the file, and no two zones claim the same. Images' checksums and what depends on the board
/// are not looked at. Any error: `bad_format`, and `fault` says what.
[[nodiscard]] Result<std::span<const bundle::Zone>> read_bundle(std::span<const std::byte> file,
                                                                BundleFault& fault);

/// The same for somebody who has not all of the file in memory: `head` are its first bytes, if it
/// has them bundle_head_size.
inline constexpr std::size_t bundle_head_size =
    sizeof(bundle::Header) + bundle::max_zones * sizeof(bundle::Zone);
[[nodiscard]] Result<std::span<const bundle::Zone>> read_bundle_head(
    std::span<const std::byte> head, std::uint64_t file_size, BundleFault& fault);

/// The rules that read_bundle() applies to records.
[[nodiscard]] Result<> check_zones(std::span<const bundle::Zone> zones, BundleFault& fault);

/// Compares the checksums of all images, of which `file` has all. Error: `bad_format`.
[[nodiscard]] Result<> check_images(std::span<const std::byte> file,
                                    std::span<const bundle::Zone> zones, BundleFault& fault);

/// The bytes of an image that read_bundle() accepted.
[[nodiscard]] inline std::span<const std::byte> image_bytes(std::span<const std::byte> file,
                                                            const bundle::Image& image) {
    return file.subspan(image.offset, image.size);
}

/// Physical CPUs of all vCPUs: [zone][vCPU].
using CpuPlan = std::array<std::array<std::uint32_t, bundle::max_zone_cpus>, bundle::max_zones>;

/// Gives every vCPU of checked zones a CPU of the board of its own: those that are asked for
/// first, then the others in the board's order. Error: `bad_format`.
[[nodiscard]] Result<CpuPlan> assign_cpus(std::span<const bundle::Zone> zones,
                                          std::span<const unsigned> board, BundleFault& fault);

}  // namespace lkvm::la
