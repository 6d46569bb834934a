// SPDX-License-Identifier: GPL-2.0-or-later
// CPUs of the host that a thread may run on.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// A set of the host's CPUs; without any: no restriction.
class CpuList {
public:
    static constexpr unsigned max_cpus = 1024;  ///< as many as the C library's cpu_set_t has

    CpuList() = default;
    /// "0-3,6". Failure: not a list, or CPUs that this process may not use.
    [[nodiscard]] static Outcome<CpuList> parse(std::string_view option, std::string_view list);

    [[nodiscard]] bool restricts() const { return cpus_.any(); }
    [[nodiscard]] bool has(unsigned cpu) const { return cpu < max_cpus && cpus_.test(cpu); }

    /// Keeps the calling thread on these CPUs.
    void apply_to_this_thread() const;

private:
    std::bitset<max_cpus> cpus_;
};

/// `--vcpu-affinity` options, [VCPU:]LIST each, for `cpu_count` vCPUs; later ones win. Empty if
/// there are none.
[[nodiscard]] Outcome<std::vector<CpuList>> parse_affinity(const std::vector<std::string>& options,
                                                           unsigned cpu_count);

}  // namespace lkvm::vmm
