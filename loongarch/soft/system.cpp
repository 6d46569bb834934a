// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/system.hpp"

#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

thread_local constinit Cpu* System::current_cpu = nullptr;

System::System(const MmioBus& bus, Iocsr& iocsr, Clock& clock)
    : bus_(bus)
    , iocsr_(iocsr)
    , clock_(clock)
    , counter_base_(clock.monotonic_ns() / 10)
    , safepoint_([this] { interrupt_all(); }) {}

System::~System() = default;

void System::add_region(std::uint64_t base, std::span<std::byte> memory, bool writable) {
    MemoryRegion region;
    region.base = base;
    region.size = memory.size();
    region.host = memory.data();
    region.writable = writable;
    region.pages.reset(new std::atomic<std::uint8_t>[memory.size() / host_page_size] {});
    regions_.push_back(std::move(region));
}

void System::detach(Cpu& cpu) {
    const std::lock_guard lock{timers_};
    std::erase(cpus_, &cpu);
}

PhysicalPage System::page(std::uint64_t address) const {
    for (const MemoryRegion& region : regions_) {
        const std::uint64_t offset = address - region.base;
        if (address < region.base || offset >= region.size) continue;
        return PhysicalPage{region.host + (offset & host_page_mask),
                            &region.pages[offset >> host_page_bits], region.writable};
    }
    return {};
}

void System::mark_code(const PhysicalPage& page) {
    // Pairs with claim_write_pointer(): of two racing threads at least one sees the other's bit.
    const std::uint8_t before = page.state->fetch_or(has_code, std::memory_order_seq_cst);
    if ((before & write_cached) == 0) return;
    safepoint_.begin_exclusive(true);
    const auto host = reinterpret_cast<std::uint64_t>(page.host);
    for (Cpu* cpu : cpus_) cpu->revoke_writes(host);
    page.state->fetch_and(static_cast<std::uint8_t>(~write_cached), std::memory_order_relaxed);
    page.state->fetch_or(has_code, std::memory_order_relaxed);
    safepoint_.end_exclusive(true);
}

bool System::claim_write_pointer(const PhysicalPage& page) {
    // Without a mark that mark_code() would have to wait for.
    if ((page.state->load(std::memory_order_seq_cst) & has_code) != 0) return false;
    const std::uint8_t before = page.state->fetch_or(write_cached, std::memory_order_seq_cst);
    return (before & has_code) == 0;
}

void System::make_data(std::uint64_t address) {
    const PhysicalPage physical = page(address);
    safepoint_.begin_exclusive(true);
    discard(address, 1);
    // From now on mark_code() of another vCPU waits until the caller has left the instruction.
    physical.state->fetch_or(write_cached, std::memory_order_seq_cst);
    safepoint_.end_exclusive(true);
}

void System::discard(std::uint64_t address, std::uint64_t size) {
    const std::uint64_t end = address + size;
    for (std::uint64_t at = address & host_page_mask; at < end; at += host_page_size) {
        const PhysicalPage physical = page(at);
        if (physical.host == nullptr) continue;
        for (Cpu* cpu : cpus_) cpu->discard_code(at);
        physical.state->fetch_and(static_cast<std::uint8_t>(~has_code), std::memory_order_relaxed);
    }
}

void System::on_write(Gpa where, std::uint64_t size) {
    bool code = false;
    // The writer's stores come before the look at the states; pairs with mark_code(), which sets
    // the state before the instruction words are read.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const std::uint64_t end = where.value + size;
    for (std::uint64_t at = where.value & host_page_mask; at < end && !code; at += host_page_size) {
        const PhysicalPage physical = page(at);
        code = physical.host != nullptr &&
               (physical.state->load(std::memory_order_seq_cst) & has_code) != 0;
    }
    if (code) {
        write_code(where.value, size, current_cpu != nullptr && current_cpu->inside_guest(), [] {});
    }
}

void System::hold(unsigned threads) {
    hold_.store(true, std::memory_order_release);
    for (Cpu* cpu : cpus_) {
        cpu->request_attention();
        cpu->wake();
    }
    std::unique_lock lock{hold_mutex_};
    hold_changed_.wait(lock, [&] { return held_ == threads; });
}

void System::release() {
    const std::lock_guard lock{hold_mutex_};
    hold_.store(false, std::memory_order_release);
    hold_changed_.notify_all();
}

void System::wait_while_held() {
    std::unique_lock lock{hold_mutex_};
    ++held_;
    hold_changed_.notify_all();
    hold_changed_.wait(lock, [&] { return !hold_requested(); });
    --held_;
}

void System::interrupt_all() {
    for (Cpu* cpu : cpus_) cpu->request_attention();
}

}  // namespace lkvm::la
