// SPDX-License-Identifier: GPL-2.0-or-later
// What the software vCPUs of one machine share: physical memory with its page states, the buses,
// the clock, and the rule that code is coherent with every writer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <lkvm/clock.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/iocsr.hpp>
#include <lkvm/mmio_bus.hpp>

#include "loongarch/soft/safepoint.hpp"
#include "loongarch/soft/soft_tlb.hpp"
#include "loongarch/soft/timers.hpp"

namespace lkvm::la {

class Cpu;

/// Ticks of the stable counter per second.
inline constexpr std::uint64_t counter_hz = 100'000'000;

/// A range of physical memory that the CPU may read and execute directly.
struct MemoryRegion {
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    std::byte* host = nullptr;
    bool writable = true;
    /// One state per host_page_size bytes; see System::PageState.
    std::unique_ptr<std::atomic<std::uint8_t>[]> pages;
};

/// Where a physical page lies in host memory.
struct PhysicalPage {
    std::byte* host = nullptr;
    std::atomic<std::uint8_t>* state = nullptr;
    bool writable = false;
};

/// Built before the vCPUs start, then shared by their threads.
class System final : public WriteObserver {
public:
    enum PageState : std::uint8_t {
        has_code = 1,      ///< some vCPU decoded instructions from the page
        write_cached = 2,  ///< some vCPU may write it through a cached pointer
    };

    System(const MmioBus& bus, Iocsr& iocsr, Clock& clock);
    ~System();
    System(const System&) = delete;
    System& operator=(const System&) = delete;

    void add_region(std::uint64_t base, std::span<std::byte> memory, bool writable);
    void attach(Cpu& cpu) { cpus_.push_back(&cpu); }
    /// The Cpu goes away; no other thread uses the machine any more.
    void detach(Cpu& cpu);

    [[nodiscard]] const MmioBus& bus() const { return bus_; }
    [[nodiscard]] Iocsr& iocsr() { return iocsr_; }
    [[nodiscard]] Clock& clock() { return clock_; }
    [[nodiscard]] Safepoint& safepoint() { return safepoint_; }
    [[nodiscard]] Timers& timers() { return timers_; }
    [[nodiscard]] std::span<Cpu* const> cpus() const { return cpus_; }

    /// Stable counter in ticks of 1 / counter_hz s since the machine was made.
    [[nodiscard]] std::uint64_t counter() { return clock_.monotonic_ns() / 10 - counter_base_; }

    /// The page of memory at physical `address`, or a null host pointer if there is none.
    [[nodiscard]] PhysicalPage page(std::uint64_t address) const;

    /// A vCPU thread is about to decode from the page: afterwards no other vCPU writes to it
    /// without calling write_code_page().
    void mark_code(const PhysicalPage& page);
    /// Asks for a cached write pointer to the page; false if it holds code.
    [[nodiscard]] static bool claim_write_pointer(const PhysicalPage& page);

    /// Runs `write` alone and discards all blocks of the pages [address, address + size) before any
    /// vCPU goes on. `inside`: the caller is a vCPU thread in the guest.
    template<class Write>
    void write_code(std::uint64_t address, std::uint64_t size, bool inside, Write&& write) {
        safepoint_.begin_exclusive(inside);
        write();
        discard(address, size);
        safepoint_.end_exclusive(inside);
    }

    /// vCPU thread in the guest, in the middle of an instruction: discards all blocks of the page
    /// at `address`. Until the caller's next block no other vCPU decodes from it again.
    void make_data(std::uint64_t address);
    /// Discards all blocks of the pages [address, address + size). Only while running alone.
    void discard(std::uint64_t address, std::uint64_t size);

    /// Holds every vCPU between two instructions: returns when all `threads` of them are there. One
    /// thread at a time; release() ends it.
    void hold(unsigned threads);
    void release();
    [[nodiscard]] bool hold_requested() const { return hold_.load(std::memory_order_acquire); }
    /// vCPU thread, outside the safepoint: waits for release().
    void wait_while_held();

    /// WriteObserver: a device or the loader wrote. Any thread.
    void on_write(Gpa where, std::uint64_t size) override;

    /// The vCPU whose thread this is, or null.
    static thread_local Cpu* current_cpu;

private:
    void interrupt_all();

    const MmioBus& bus_;
    Iocsr& iocsr_;
    Clock& clock_;
    std::uint64_t counter_base_;
    Safepoint safepoint_;
    std::vector<MemoryRegion> regions_;
    std::vector<Cpu*> cpus_;
    std::atomic<bool> hold_{false};
    std::mutex hold_mutex_;
    std::condition_variable hold_changed_;
    unsigned held_ = 0;
    Timers timers_{*this};
};

}  // namespace lkvm::la
