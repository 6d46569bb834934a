// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers and memory banks of the command line.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "vmm/cli/number.hpp"
#include "vmm/machine/ram_plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lkvm;
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::vector<vmm::MemoryRequest> requests;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view option = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const vmm::Number number = vmm::parse_number(option);
        LKVM_ASSERT(number.error == vmm::NumberError::none || number.value == 0);
        const vmm::ParsedMemory parsed = vmm::parse_memory(option);
        if (parsed.error == vmm::NumberError::none) requests.push_back(parsed.request);
    }
    constexpr std::uint64_t limit = std::uint64_t{1} << 48;
    const auto plan = vmm::plan_ram(requests, limit);
    if (!plan.has_value()) {
        LKVM_ASSERT(!plan.failure().message.empty());
        return 0;
    }
    std::uint64_t end = 0;
    for (const RamBank& bank : plan.value().banks.all()) {
        LKVM_ASSERT(bank.base.value >= end && bank.size != 0 && bank.last() < limit);
        LKVM_ASSERT(bank.last() < 0x10000000 || bank.base.value >= 0x80000000);
        end = bank.last() + 1;
    }
    return 0;
}
