// SPDX-License-Identifier: GPL-2.0-or-later
// A machine around the software CPU for tests: RAM, ROM, recording devices, a clock that tests
// move, and ways to run until the guest says stop.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <lkvm/clock.hpp>
#include <lkvm/cpu_interrupts.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/iocsr.hpp>
#include <lkvm/mmio_bus.hpp>
#include <lkvm/ram_banks.hpp>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/cpu_config.hpp"
#include "loongarch/soft/system.hpp"
#include "tests/support/guest_program.hpp"

namespace lkvm::la {

/// What tests may do to a Cpu and programs may not.
struct CpuTestAccess {
    /// run() works again after stop().
    static void resume(Cpu& cpu) { cpu.stop_.store(false, std::memory_order_relaxed); }
    /// Of the running world.
    static std::array<std::uint64_t, 2>& epochs(Cpu& cpu) { return cpu.bank_->epochs; }
};

}  // namespace lkvm::la

namespace lkvm::test {

/// Stands still at an hour until advanced, or also follows the host's clock. Any thread.
class TestClock final : public Clock {
public:
    std::uint64_t monotonic_ns() override {
        return ns_.load() + (follow_.load() ? host_ns() - start_ : 0);
    }
    std::uint64_t wall_ns() override { return monotonic_ns(); }
    void advance_ns(std::uint64_t ns) { ns_.fetch_add(ns); }
    /// In ticks of the stable counter.
    void advance_ticks(std::uint64_t ticks) {
        advance_ns(ticks * (1'000'000'000 / la::counter_hz));
    }
    void follow_host() { follow_.store(true); }

private:
    static std::uint64_t host_ns() {
        return static_cast<std::uint64_t>(
            std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
    }
    std::atomic<std::uint64_t> ns_{3'600'000'000'000};
    std::atomic<bool> follow_{false};
    std::uint64_t start_ = host_ns();
};

/// One access to a recording device.
struct BusAccess {
    std::uint64_t offset = 0;
    unsigned size = 0;
    std::uint64_t value = 0;
    friend bool operator==(const BusAccess&, const BusAccess&) = default;
};

/// Remembers all accesses; reads give the low bytes of `answer`. `on_write` (if set) is called
/// without the lock, on the vCPU's thread.
class RecordingDevice final : public MmioDevice {
public:
    std::uint64_t read(std::uint64_t offset, unsigned size) override {
        const std::lock_guard lock{mutex_};
        const std::uint64_t value = answer & (UINT64_MAX >> (64 - 8 * size));
        reads.push_back({offset, size, value});
        return value;
    }
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override {
        {
            const std::lock_guard lock{mutex_};
            writes.push_back({offset, size, value & (UINT64_MAX >> (64 - 8 * size))});
        }
        if (on_write) on_write(offset, value);
    }

    std::uint64_t answer = 0x8f8e8d8c8b8a8988;
    std::vector<BusAccess> reads;
    std::vector<BusAccess> writes;
    std::function<void(std::uint64_t offset, std::uint64_t value)> on_write;

private:
    std::mutex mutex_;
};

/// Zeroed memory on a page boundary.
class PageMemory {
public:
    explicit PageMemory(std::size_t size)
        : size_(size)
        , bytes_(static_cast<std::byte*>(::operator new(size, alignment))) {
        std::memset(bytes_, 0, size);
    }
    ~PageMemory() { ::operator delete(bytes_, alignment); }
    PageMemory(const PageMemory&) = delete;
    PageMemory& operator=(const PageMemory&) = delete;
    [[nodiscard]] std::span<std::byte> span() const { return {bytes_, size_}; }

private:
    static constexpr std::align_val_t alignment{0x10000};
    std::size_t size_;
    std::byte* bytes_;
};

/// The machine. CPUs start after reset, in direct address translation, with pc at ram_base.
class SoftMachine {
public:
    struct Options {
        unsigned cpus = 1;
        std::size_t code_cache_bytes = std::size_t{4} << 20;
        std::chrono::seconds time_limit{240};  ///< for a run; a longer one fails the test
        la::CpuConfig config = la::CpuConfig::full();
    };

    static constexpr std::uint64_t ram_base = 0x90000000;
    static constexpr std::uint64_t ram_size = 0x400000;
    static constexpr std::uint64_t rom_base = 0x1c000000;
    static constexpr std::uint64_t rom_size = 0x10000;
    static constexpr std::uint64_t device_base = 0x10000000;
    static constexpr std::uint64_t device_size = 0x2000;
    /// A store anywhere in this page ends the run of the vCPU that did it; a load gives the host's
    /// CPU to another thread, for loops that wait.
    static constexpr std::uint64_t stop_address = 0x1fe01000;
    /// Writing n to these IOCSRs raises or lowers the IPI line of vCPU n.
    static constexpr std::uint32_t iocsr_raise_ipi = 0x40;
    static constexpr std::uint32_t iocsr_lower_ipi = 0x44;
    /// Nothing answers here.
    static constexpr std::uint64_t hole = 0x20000000;

    SoftMachine()
        : SoftMachine(Options{}) {}
    explicit SoftMachine(Options options)
        : options_(options) {
        EXPECT_TRUE(bus_.add(Gpa{device_base}, device_size, device).has_value());
        EXPECT_TRUE(bus_.add(Gpa{stop_address}, 0x1000, stopper_).has_value());
        EXPECT_TRUE(banks_.add({Gpa{ram_base}, ram_size, ram_.span().data()}).has_value());
        system.add_region(ram_base, ram_.span(), true);
        system.add_region(rom_base, rom_.span(), false);
        memory.set_write_observer(&system);
        for (unsigned i = 0; i < options.cpus; ++i) {
            code_.push_back(std::make_unique_for_overwrite<std::byte[]>(options.code_cache_bytes));
            cpus_.push_back(
                std::make_unique<la::Cpu>(system, i, options.config,
                                          std::span{code_.back().get(), options.code_cache_bytes}));
            system.attach(*cpus_.back());
            cpus_.back()->pc = ram_base;
        }
        iocsr_.machine = this;
    }

    [[nodiscard]] la::Cpu& cpu(unsigned index = 0) { return *cpus_[index]; }
    [[nodiscard]] unsigned cpu_count() const { return static_cast<unsigned>(cpus_.size()); }

    // --- Memory, as a loader sees it ------------------------------------------------------------

    void load(const Program& program) {
        write_bytes(program.base(), std::as_bytes(std::span{program.words()}));
    }
    /// Writes RAM or ROM and announces it.
    void write_bytes(std::uint64_t address, std::span<const std::byte> bytes) {
        std::memcpy(host(address), bytes.data(), bytes.size());
        system.on_write(Gpa{address}, bytes.size());
    }
    template<class T>
    void write(std::uint64_t address, T value) {
        __atomic_store_n(reinterpret_cast<T*>(host(address)), value, __ATOMIC_SEQ_CST);
        system.on_write(Gpa{address}, sizeof(T));
    }
    template<class T>
    [[nodiscard]] T read(std::uint64_t address) {
        return __atomic_load_n(reinterpret_cast<const T*>(host(address)), __ATOMIC_SEQ_CST);
    }
    [[nodiscard]] std::byte* host(std::uint64_t address) {
        const bool ram = address >= ram_base;
        return (ram ? ram_ : rom_).span().data() + (address - (ram ? ram_base : rom_base));
    }

    // --- Running --------------------------------------------------------------------------------

    /// Runs vCPU `index` on this thread from `pc` until it stores to stop_address.
    void run(std::uint64_t pc, unsigned index = 0) {
        cpu(index).pc = pc;
        run_from_here(index);
    }
    void run_from_here(unsigned index = 0) {
        la::CpuTestAccess::resume(cpu(index));
        const Watchdog watchdog{*this};
        cpu(index).run();
    }
    void run(const Program& program, unsigned index = 0) {
        load(program);
        run(program.base(), index);
    }
    /// Starts every vCPU on a thread of its own at entries[index] (or where it is).
    void start(std::span<const std::uint64_t> entries = {}) {
        for (unsigned i = 0; i < cpu_count(); ++i) {
            if (i < entries.size()) cpu(i).pc = entries[i];
            la::CpuTestAccess::resume(cpu(i));
        }
        watchdog_.emplace(*this);
        for (unsigned i = 0; i < cpu_count(); ++i) {
            threads_.emplace_back([this, i] { cpu(i).run(); });
        }
    }
    /// Waits until every vCPU has stopped.
    void join() {
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
        watchdog_.reset();
    }
    void run_all(std::span<const std::uint64_t> entries) {
        start(entries);
        join();
    }
    ~SoftMachine() {
        for (auto& one : cpus_) {
            if (!threads_.empty()) one->stop();
        }
        join();
    }
    SoftMachine(const SoftMachine&) = delete;
    SoftMachine& operator=(const SoftMachine&) = delete;

    /// One instruction (or exception) with block execution off: `word` is placed at `pc` first.
    void execute(std::uint64_t pc, std::uint32_t word, unsigned index = 0) {
        write(pc, word);
        cpu(index).pc = pc;
        step(1, index);
    }
    void step(std::uint64_t steps, unsigned index = 0) {
        la::CpuTestAccess::resume(cpu(index));
        cpu(index).step(steps);
    }

private:
    /// Stops all vCPUs and fails the test when they take too long.
    class Watchdog {
    public:
        explicit Watchdog(SoftMachine& machine)
            : thread_([this, &machine] {
                std::unique_lock lock{mutex_};
                if (changed_.wait_for(lock, machine.options_.time_limit,
                                      [this] { return done_; })) {
                    return;
                }
                ADD_FAILURE() << "the guest did not stop; pc of CPU 0 near 0x" << std::hex
                              << machine.cpu().pc;
                for (auto& one : machine.cpus_) one->stop();
            }) {}
        ~Watchdog() {
            {
                const std::lock_guard lock{mutex_};
                done_ = true;
            }
            changed_.notify_all();
            thread_.join();
        }
        Watchdog(const Watchdog&) = delete;
        Watchdog& operator=(const Watchdog&) = delete;

    private:
        std::mutex mutex_;
        std::condition_variable changed_;
        bool done_ = false;
        std::thread thread_;
    };

    class Stopper final : public MmioDevice {
    public:
        std::uint64_t read(std::uint64_t, unsigned) override {
            std::this_thread::yield();
            return 0;
        }
        void write(std::uint64_t, unsigned, std::uint64_t) override {
            if (la::System::current_cpu != nullptr) la::System::current_cpu->stop();
        }
    };

    class TestIocsr final : public Iocsr {
    public:
        std::uint64_t read(unsigned cpu, std::uint32_t address, unsigned size) override {
            const std::lock_guard lock{mutex};
            reads.push_back({address, size, cpu});
            return 0x8f8e8d8c8b8a8988;
        }
        void write(unsigned, std::uint32_t address, unsigned size, std::uint64_t value) override {
            if (address == iocsr_raise_ipi || address == iocsr_lower_ipi) {
                machine->cpu(static_cast<unsigned>(value))
                    .set_line(ipi_line, address == iocsr_raise_ipi);
                return;
            }
            const std::lock_guard lock{mutex};
            writes.push_back({address, size, value});
        }
        SoftMachine* machine = nullptr;
        std::mutex mutex;
        std::vector<BusAccess> reads;  ///< value: the CPU
        std::vector<BusAccess> writes;
    };

    Options options_;
    PageMemory ram_{ram_size};
    PageMemory rom_{rom_size};
    MmioBus bus_;
    RamBanks banks_;
    Stopper stopper_;
    TestIocsr iocsr_;

public:
    TestClock clock;
    RecordingDevice device;
    la::System system{bus_, iocsr_, clock};
    GuestMemory memory{banks_};

    [[nodiscard]] const std::vector<BusAccess>& iocsr_reads() const { return iocsr_.reads; }
    [[nodiscard]] const std::vector<BusAccess>& iocsr_writes() const { return iocsr_.writes; }

private:
    std::vector<std::unique_ptr<std::byte[]>> code_;
    std::vector<std::unique_ptr<la::Cpu>> cpus_;
    std::optional<Watchdog> watchdog_;
    std::vector<std::thread> threads_;
};

}  // namespace lkvm::test
