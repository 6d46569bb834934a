// SPDX-License-Identifier: GPL-2.0-or-later
// Runs an image on the software CPU, in direct-address mode without a kernel.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/handlers.hpp"
#include "tests/isa/oracle/runner.hpp"

namespace lkvm::test::oracle {
namespace {

class HostClock final : public Clock {
public:
    std::uint64_t monotonic_ns() override {
        return static_cast<std::uint64_t>(
            std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
    }
    std::uint64_t wall_ns() override { return monotonic_ns(); }
};

class NoIocsr final : public Iocsr {
public:
    std::uint64_t read(unsigned, std::uint32_t, unsigned) override { return 0; }
    void write(unsigned, std::uint32_t, unsigned, std::uint64_t) override {}
};

/// Ends the run when the image says so.
class StopDevice final : public MmioDevice {
public:
    std::uint64_t read(std::uint64_t, unsigned) override { return 0; }
    void write(std::uint64_t, unsigned, std::uint64_t) override {
        finished = true;
        if (cpu != nullptr) cpu->stop();
    }

    la::Cpu* cpu = nullptr;
    bool finished = false;
};

/// Stops the CPU if it does not finish in time.
class Watchdog {
public:
    Watchdog(la::Cpu& cpu, std::chrono::seconds limit)
        : thread_([this, &cpu, limit] {
            std::unique_lock lock(mutex_);
            if (!changed_.wait_for(lock, limit, [this] { return done_; })) cpu.stop();
        }) {}
    ~Watchdog() {
        {
            const std::scoped_lock lock(mutex_);
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

/// Says of one page of the code after the other that it was written.
class Disturber {
public:
    Disturber(la::System& system, std::size_t code_bytes)
        : thread_([this, &system, code_bytes] {
            for (std::uint64_t at = 0; !done_.load(); at = (at + la::host_page_size) % code_bytes) {
                system.on_write(Gpa{code_base + at}, 1);
            }
        }) {}
    ~Disturber() {
        done_.store(true);
        thread_.join();
    }
    Disturber(const Disturber&) = delete;
    Disturber& operator=(const Disturber&) = delete;

private:
    std::atomic<bool> done_{false};
    std::thread thread_;
};

/// Page-aligned zeroed memory.
class Memory {
public:
    explicit Memory(std::size_t size)
        : size_((size + page - 1) / page * page)
        , bytes_(static_cast<std::byte*>(::operator new(size_, std::align_val_t{page}))) {
        std::memset(bytes_, 0, size_);
    }
    ~Memory() { ::operator delete(bytes_, std::align_val_t{page}); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    [[nodiscard]] std::span<std::byte> span() const { return {bytes_, size_}; }

private:
    static constexpr std::size_t page = 65536;
    std::size_t size_;
    std::byte* bytes_;
};

}  // namespace

bool is_implemented(la::Insn insn) {
    return la::handler_of(insn) != nullptr;
}

RunResult run_soft(const Image& image, std::size_t cases, Pace pace) {
    RunResult result;
    HostClock clock;
    NoIocsr iocsr;
    StopDevice device;
    MmioBus bus;
    if (!bus.add(Gpa{stop_device}, 4096, device).has_value()) {
        result.error = "cannot add the stop device";
        return result;
    }
    const Memory code(image.code.size() * 4);
    const Memory data(image.data.size());
    std::memcpy(code.span().data(), image.code.data(), image.code.size() * 4);
    std::memcpy(data.span().data(), image.data.data(), image.data.size());

    la::System system(bus, iocsr, clock);
    system.add_region(code_base, code.span(), true);
    system.add_region(data_base, data.span(), true);
    const Memory blocks(pace == Pace::cramped ? 4 * la::BlockCache::max_block_bytes
                                              : std::size_t{16} << 20);
    const auto cpu = std::make_unique<la::Cpu>(system, 0, la::CpuConfig::full(), blocks.span());
    system.attach(*cpu);
    device.cpu = cpu.get();
    cpu->reset();
    cpu->pc = pace == Pace::paged ? image.paged_entry : image.soft_entry;
    {
        const Watchdog watchdog(*cpu, std::chrono::seconds(240));
        std::optional<Disturber> disturber;
        if (pace == Pace::disturbed) disturber.emplace(system, code.span().size());
        if (pace == Pace::steps) {
            cpu->step(std::uint64_t{1} << 62);
        } else {
            cpu->run();
        }
    }
    if (!device.finished) {
        result.error = "the software CPU did not finish; pc is " + std::to_string(cpu->pc);
        return result;
    }
    result.blocks.resize(cases);
    std::memcpy(result.blocks.data(), data.span().data() + (block_base - data_base),
                cases * sizeof(CaseBlock));
    return result;
}

}  // namespace lkvm::test::oracle
