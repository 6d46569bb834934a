// SPDX-License-Identifier: GPL-2.0-or-later
// What the bare-metal hypervisor decodes of a guest: instruction words and control lines.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include <lkvm/assert.hpp>

#include "baremetal/control/control.hpp"
#include "baremetal/trap/mmio_decode.hpp"
#include "baremetal/trap/sensitive.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lkvm::hv;
    for (std::size_t at = 0; at + 4 <= size; at += 4) {
        std::uint32_t word;
        std::memcpy(&word, data + at, sizeof(word));
        const Sensitive what = decode_sensitive(word);
        LKVM_ASSERT(what.rd < 32 && what.rj < 32);
        MmioAccess access;
        if (decode_mmio(word, access)) LKVM_ASSERT(access.rd < 32 && access.size <= 8);
    }
    const std::string_view line{reinterpret_cast<const char*>(data), size};
    if (const auto command = parse_control(line); command.has_value()) {
        LKVM_ASSERT(size <= max_control_line && command->zone.size() < size);
    }
    return 0;
}
