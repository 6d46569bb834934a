// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/cpu_list.hpp"

#include "vmm/cli/number.hpp"
#include "vmm/text.hpp"

#include <sched.h>

namespace lkvm::vmm {

namespace {

Failure bad_list(std::string_view option, std::string_view list) {
    return usage_failure(text(option, " '", list, "': expected CPU numbers such as 0-3,6"));
}

/// Takes the text up to the separator off `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return part;
}

bool usable_here(unsigned cpu) {
    static_assert(CpuList::max_cpus == CPU_SETSIZE);
    cpu_set_t allowed;
    return ::sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_ISSET(cpu, &allowed);
}

}  // namespace

Outcome<CpuList> CpuList::parse(std::string_view option, std::string_view list) {
    CpuList result;
    if (list.empty() || list.back() == ',') return bad_list(option, list);
    for (std::string_view rest = list; !rest.empty();) {
        std::string_view range = next_part(rest, ',');
        const bool single = range.find('-') == std::string_view::npos;
        const Number first = parse_number(next_part(range, '-'));
        const Number last = single ? first : parse_number(range);
        if (first.error != NumberError::none || last.error != NumberError::none ||
            first.value > last.value || last.value >= max_cpus) {
            return bad_list(option, list);
        }
        for (auto cpu = static_cast<unsigned>(first.value); cpu <= last.value; ++cpu) {
            if (!usable_here(cpu)) {
                return usage_failure(
                    text(option, " '", list, "': CPU ", cpu, " of the host is not there for lkvm"));
            }
            result.cpus_.set(cpu);
        }
    }
    return result;
}

void CpuList::apply_to_this_thread() const {
    if (!restricts()) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    for (unsigned cpu = 0; cpu < max_cpus; ++cpu) {
        if (cpus_.test(cpu)) CPU_SET(cpu, &set);
    }
    // The CPUs were there when the option was read; one that went since then is no reason to end.
    static_cast<void>(::sched_setaffinity(0, sizeof(set), &set));
}

Outcome<std::vector<CpuList>> parse_affinity(const std::vector<std::string>& options,
                                             unsigned cpu_count) {
    constexpr std::string_view name = "--vcpu-affinity";
    std::vector<CpuList> all;
    for (const std::string& option : options) {
        std::string_view list = option;
        all.resize(cpu_count);
        if (list.find(':') == std::string_view::npos) {
            all.assign(cpu_count, LKVM_CHECK(CpuList::parse(name, list)));
            continue;
        }
        const Number vcpu = parse_number(next_part(list, ':'));
        if (vcpu.error != NumberError::none || vcpu.value >= cpu_count) {
            return usage_failure(text(name, " '", option, "': expected a vCPU from 0 to ",
                                      cpu_count - 1, " before the ':'"));
        }
        all[vcpu.value] = LKVM_CHECK(CpuList::parse(name, list));
    }
    return all;
}

}  // namespace lkvm::vmm
