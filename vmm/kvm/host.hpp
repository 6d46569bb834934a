// SPDX-License-Identifier: GPL-2.0-or-later
// /dev/kvm of a LoongArch host.
#pragma once

#include <cstdint>
#include <string>

#include "vmm/host/unique_fd.hpp"
#include "vmm/kvm/abi.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm::kvm {

/// CPUCFG word `index` of this host's CPU; 0 on other architectures.
[[nodiscard]] std::uint32_t host_cpucfg(std::uint32_t index);
/// Whether this program runs on a LoongArch CPU.
[[nodiscard]] bool host_is_loongarch();

/// What to tell when opening the device failed with this system error number.
[[nodiscard]] std::string why_not_open(int error);
/// What is wrong with a host whose guests have so many bits of physical addresses; empty: nothing.
[[nodiscard]] std::string why_too_narrow(unsigned address_bits);

/// An open /dev/kvm that has all lkvm needs.
class Host {
public:
    /// One line says what is missing and what to do.
    [[nodiscard]] static Outcome<Host> open();

    [[nodiscard]] int fd() const { return fd_.value(); }
    /// Bytes of a vCPU's shared mapping.
    [[nodiscard]] std::size_t run_size() const { return run_size_; }
    /// End of the guest-physical space, exclusive.
    [[nodiscard]] std::uint64_t address_limit() const;

private:
    Host(UniqueFd fd, std::size_t run_size)
        : fd_(std::move(fd))
        , run_size_(run_size) {}

    UniqueFd fd_;
    std::size_t run_size_;
};

}  // namespace lkvm::vmm::kvm
