// SPDX-License-Identifier: GPL-2.0-or-later
// What is wrong with a bundle, and with which of its parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/bundle.hpp>
#include <lkvm/text_buffer.hpp>

namespace lkvm::la {

enum class BundleProblem : std::uint8_t {
    none,
    no_bundle,     ///< something else than a bundle
    version,       ///< of another version (value)
    truncated,     ///< the file is shorter than what its header promises
    damaged,       ///< the checksum does not fit
    unknown,       ///< flags, kinds or reserved fields of a later version (value)
    count,         ///< too few or too many of something (value; the limit is in `limit`)
    name,          ///< not a name
    text,          ///< a text without end
    empty,         ///< has no size
    outside_file,  ///< an image that is not inside the file
    misaligned,    ///< not at a multiple of `limit`
    beyond,        ///< ends beyond the guest-physical address space or wraps around
    mmio_area,     ///< in the platform's MMIO area
    platform,      ///< on a device of the platform
    overlap,       ///< with `other`
    taken,         ///< belongs to `other`
    same_name,     ///< as `other`
    size_differs,  ///< from that of `other`
    same_mac,      ///< as `other` on the same network
    mac,           ///< not an address of an interface
    pin,           ///< not an input that passed-through devices can have (value)
    no_such_cpu,   ///< the board has no CPU of that number (value)
    too_few_cpus,  ///< the board has no more (value: how many it has)
};

enum class BundlePart : std::uint8_t {
    file,
    zone,
    cpu,
    bank,
    kernel,
    initrd,
    disk,
    port,
    region,
    passed,
    interrupt,
    command_line,
    control,
};

/// One part of a bundle.
struct BundleItem {
    BundlePart part = BundlePart::file;
    std::size_t zone = 0;
    std::size_t index = 0;    ///< among the zone's parts of that kind; CPU: the physical one
    std::uint64_t first = 0;  ///< of a range: bytes or sectors
    std::uint64_t last = 0;
};

struct BundleFault {
    BundleProblem problem = BundleProblem::none;
    BundleItem item{};
    BundleItem other{};  ///< the other side of a conflict
    std::uint64_t value = 0;
    std::uint64_t limit = 0;
    std::span<const bundle::Zone> zones{};  ///< those that the items mean, as far as known
};

using BundleText = TextBuffer<256>;

/// One line for people.
[[nodiscard]] BundleText bundle_fault_text(const BundleFault& fault);

}  // namespace lkvm::la
