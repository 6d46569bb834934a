// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/guest_ram.hpp"

#include <utility>

namespace lkvm::vmm {

Outcome<> GuestRam::map(const RamBanks& plan, const std::string& hugetlbfs) {
    banks_ = plan;
    std::size_t index = 0;
    for (RamBank& bank : banks_.all()) {
        MemoryMapping mapping = LKVM_CHECK(
            hugetlbfs.empty() ? MemoryMapping::create(bank.size, bank.base.value)
                              : MemoryMapping::create_huge(bank.size, bank.base.value, hugetlbfs));
        bank.host = mapping.bytes().data();
        mappings_[index++] = std::move(mapping);
    }
    return {};
}

void GuestRam::clear() {
    for (MemoryMapping& mapping : mappings_) mapping.clear();
    for (const RamBank& bank : std::as_const(banks_).all()) {
        memory_.mark_written(bank.base, bank.size);
    }
}

}  // namespace lkvm::vmm
