// SPDX-License-Identifier: GPL-2.0-or-later
// One vCPU of the kernel's KVM and the thread that runs it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "vmm/host/cpu_list.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/kvm/exits.hpp"
#include "vmm/kvm/host.hpp"
#include "vmm/machine/backend.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm::kvm {

/// What the guest is offered beyond the base architecture.
struct GuestFeatures {
    std::uint32_t cpucfg2_cleared = 0;  ///< bits taken away from CPUCFG word 2
    bool pmu = false;
    std::uint64_t paravirtual = 0;  ///< PvFeature bits
    bool set_paravirtual = false;   ///< the kernel knows them
};

/// All members by the machine's thread, except interrupt() by any.
class Vcpu {
public:
    /// `fatal` is called once on the vCPU's thread, with a report, if the vCPU cannot go on.
    Vcpu(unsigned index, ExitServices services, std::function<void(const std::string&)> fatal);
    ~Vcpu();
    Vcpu(const Vcpu&) = delete;
    Vcpu& operator=(const Vcpu&) = delete;

    /// Creates the vCPU in `vm_fd`, with CPUCFG as the host's as far as the kernel lets guests see
    /// it, and its CPUID.
    [[nodiscard]] Outcome<> create(const Host& host, int vm_fd, const GuestFeatures& features);
    /// Before start().
    void set_affinity(const CpuList& cpus) { affinity_ = cpus; }
    /// Registers as after reset; not while running.
    void reset(const VcpuStart& start);
    /// Raises (or lowers) an interrupt line.
    void interrupt(unsigned line, bool level);

    void start();
    /// Asks the thread to leave the guest and stand still; wait_paused() waits for it.
    void request_pause();
    void wait_paused();
    void resume();
    /// Paused, or the vCPU's own thread. What the kernel does not tell is 0.
    [[nodiscard]] VcpuRegisters registers() const;
    /// Asks the thread to end; join() waits for it.
    void request_stop();
    void join();
    /// After join().
    [[nodiscard]] const ExitCounts& exit_counts() const { return exits_; }

private:
    void loop();
    void park();
    void kick();
    void fail(const std::string& what);
    [[nodiscard]] bool set_reg(std::uint64_t id, std::uint64_t value);
    [[nodiscard]] Outcome<> set_cpucfg(const GuestFeatures& features);

    const unsigned index_;
    const ExitServices services_;
    const std::function<void(const std::string&)> fatal_;
    UniqueFd fd_;
    Run* run_ = nullptr;
    std::size_t run_size_ = 0;
    CpuList affinity_;
    ExitCounts exits_;  // by the thread
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<bool> pause_{false};
    std::atomic<bool> stop_{false};
    bool paused_ = false;
};

}  // namespace lkvm::vmm::kvm
