// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/memory/efi_memory.hpp"

#include <cstring>

#include "loongarch/boot/efi.hpp"

namespace lkvm::hv {

Result<> add_efi_memory(const EfiMemoryMap& map, BoardMemory& memory) {
    namespace efi = la::efi;
    if (map.step < sizeof(efi::MemoryDescriptor)) return fail(ErrorCode::bad_format);
    for (std::size_t at = 0; map.bytes.size() - at >= map.step; at += map.step) {
        efi::MemoryDescriptor descriptor;
        std::memcpy(&descriptor, map.bytes.data() + at, sizeof(descriptor));
        switch (static_cast<efi::MemoryType>(descriptor.type.value())) {
            case efi::MemoryType::loader_code:
            case efi::MemoryType::loader_data:
            case efi::MemoryType::boot_services_code:
            case efi::MemoryType::boot_services_data:
            case efi::MemoryType::conventional:
                break;
            default:
                continue;
        }
        if ((descriptor.attributes & efi::memory_runtime) != 0) continue;
        if (descriptor.pages > UINT64_MAX / efi::page_size) return fail(ErrorCode::bad_format);
        const std::uint64_t size = descriptor.pages * efi::page_size;
        if (size > UINT64_MAX - descriptor.physical) return fail(ErrorCode::bad_format);
        LKVM_TRY(memory.add(descriptor.physical, size));
    }
    return {};
}

}  // namespace lkvm::hv
