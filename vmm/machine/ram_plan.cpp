// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/ram_plan.hpp"

#include <algorithm>

#include "loongarch/platform/memory_map.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

namespace map = la::memory_map;

std::string range_text(const RamBank& bank) {
    return text(Hex{bank.base.value}, '-', Hex{bank.last()});
}

/// A bank without address that reaches over the limit keeps what fits.
std::uint64_t cap_size(std::uint64_t size, std::uint64_t address_limit, RamPlan& plan) {
    const std::uint64_t room = (address_limit - default_ram_base.value) & ~(ram_bank_alignment - 1);
    if (size <= room) return size;
    plan.warnings.push_back(text("Capping memory to ", room >> 20, "MB"));
    return room;
}

/// Everything that can be wrong with one bank by itself.
Outcome<> check_bank(const RamBank& bank, std::uint64_t address_limit) {
    const auto option = [&] { return text("--mem ", bank.size, "B@", Hex{bank.base.value}, ": "); };
    if (bank.size == 0) {
        return usage_failure(text("--mem: a memory bank needs a size above 0"));
    }
    if (bank.base.value % ram_bank_alignment != 0) {
        return usage_failure(text(option(), "the base address must be a multiple of ",
                                  ram_bank_alignment >> 10, "K"));
    }
    if (bank.size % ram_bank_alignment != 0) {
        return usage_failure(
            text(option(), "the size must be a multiple of ", ram_bank_alignment >> 10, "K"));
    }
    if (bank.size - 1 > UINT64_MAX - bank.base.value) {
        return usage_failure(text(option(), "the bank wraps around the end of the address space"));
    }
    const bool low = bank.base.value < map::low_ram_end && bank.last() < map::low_ram_end;
    if (!low && bank.base.value < map::high_ram_base) {
        return usage_failure("Memory bank overlapping with the MMIO area");
    }
    if (bank.last() >= address_limit) {
        return usage_failure("Memory bank outside of the maximum IPA");
    }
    return {};
}

Outcome<> add_bank(RamBanks& banks, const RamBank& bank) {
    const Result<> added = banks.add(bank);
    if (added.has_value()) return {};
    if (added.error().code == ErrorCode::overlap) {
        return usage_failure(text("Memory bank ", range_text(bank), " overlapping with ",
                                  range_text(banks.all()[added.error().detail])));
    }
    return usage_failure(text("--mem: at most ", max_ram_banks, " memory banks are possible"));
}

}  // namespace

Outcome<RamPlan> plan_ram(std::span<const MemoryRequest> requests, std::uint64_t address_limit) {
    static constexpr MemoryRequest usual{default_ram_size, std::nullopt};
    if (requests.empty()) requests = {&usual, 1};
    RamPlan plan;
    for (const MemoryRequest& request : requests) {
        RamBank bank{default_ram_base, request.size, nullptr};
        if (request.base.has_value()) {
            bank.base = Gpa{*request.base};
        } else if (requests.size() > 1) {
            return usage_failure("Base address should be specified for all the banks");
        } else {
            bank.size = cap_size(request.size, address_limit, plan);
        }
        LKVM_CHECK(check_bank(bank, address_limit));
        LKVM_CHECK(add_bank(plan.banks, bank));
    }
    return plan;
}

Outcome<RamPlan> plan_firmware_ram(std::span<const MemoryRequest> requests,
                                   std::uint64_t address_limit) {
    constexpr std::uint64_t least = std::uint64_t{128} << 20;
    std::vector<MemoryRequest> banks(requests.begin(), requests.end());
    if (banks.empty()) banks.push_back({default_ram_size, std::nullopt});
    if (banks.size() == 1 && !banks[0].base.has_value()) {
        const std::uint64_t size = banks[0].size;
        banks[0] = {std::min(size, map::low_ram_end), 0};
        if (size > map::low_ram_end) {
            banks.push_back({size - map::low_ram_end, default_ram_base.value});
        }
    }
    RamPlan plan = LKVM_CHECK(plan_ram(banks, address_limit));
    const RamBank& low = plan.banks.lowest();
    if (low.base.value != 0 || low.size < least) {
        return usage_failure(
            text("--mem: firmware needs a memory bank at 0 of at least ", least >> 20, "M"));
    }
    return plan;
}

}  // namespace lkvm::vmm
