// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/soft/soft_backend.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "loongarch/isa/disassemble.hpp"
#include "loongarch/platform/irqchip/interrupt_chips.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/system.hpp"
#include "vmm/soft/code_memory.hpp"

namespace lkvm::vmm {
namespace {

/// Execution trace, one line per instruction. Shared by the vCPU threads.
class Trace {
public:
    explicit Trace(std::FILE* file)
        : file_(file) {}
    ~Trace() { std::fclose(file_); }
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

    static void line(void* self, la::Cpu& cpu, std::uint64_t pc, std::uint32_t word) {
        std::array<char, la::disassembly_size> buffer;
        const std::string_view text = la::disassemble(word, pc, buffer);
        auto* const trace = static_cast<Trace*>(self);
        const std::lock_guard lock{trace->mutex_};
        std::fprintf(trace->file_, "%u %016llx %08x %.*s\n", cpu.index(),
                     static_cast<unsigned long long>(pc), word, static_cast<int>(text.size()),
                     text.data());
    }

private:
    std::mutex mutex_;
    std::FILE* file_;
};

/// "CPU MARKER INSTRUCTIONS GUEST-INSTRUCTIONS", a line for each. Shared by the vCPU threads.
void write_marker(void* context, const la::Cpu& cpu, const la::Cpu::Marker& marker) {
    auto* const file = static_cast<std::FILE*>(context);
    std::fprintf(file, "%u %u %llu %llu\n", cpu.index(), marker.number,
                 static_cast<unsigned long long>(marker.instructions),
                 static_cast<unsigned long long>(marker.guest_instructions));
    std::fflush(file);
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

class SoftBackend final : public Backend {
public:
    SoftBackend(const BackendRequest& request, CodeMemory code, std::unique_ptr<Trace> trace,
                File markers)
        : memory_(request.memory)
        , code_(std::move(code))
        , system_(request.bus, request.iocsr, request.clock)
        , trace_(std::move(trace))
        , markers_(std::move(markers))
        , affinity_(request.affinity) {
        for (const RamBank& bank : memory_.banks().all()) {
            system_.add_region(bank.base.value, {bank.host, bank.size}, true);
        }
        system_.add_region(la::memory_map::boot_rom_base.value, request.boot_rom, false);
        la::CpuConfig config = la::CpuConfig::full();
        if (request.lvz) config = config.with_lvz();
        config.virtual_eiointc = la::InterruptChips::needs_virtual_extension(request.cpu_count);
        for (unsigned i = 0; i < request.cpu_count; ++i) {
            cpus_.push_back(
                std::make_unique<la::Cpu>(system_, i, config, code_.share(i, request.cpu_count)));
            system_.attach(*cpus_.back());
            if (markers_ != nullptr) cpus_.back()->set_marker_sink(write_marker, markers_.get());
            if (trace_ != nullptr) cpus_.back()->set_tracer(&Trace::line, trace_.get());
        }
        memory_.set_write_observer(&system_);
    }

    ~SoftBackend() override { memory_.set_write_observer(nullptr); }

    [[nodiscard]] std::string_view name() const override { return "soft"; }

    void reset(const VcpuStart& boot, const VcpuStart& secondary) override {
        for (const auto& cpu : cpus_) {
            cpu->reset();
            const VcpuStart& start = cpu->index() == 0 ? boot : secondary;
            cpu->pc = start.pc;
            cpu->gpr[4] = start.a0;
            cpu->gpr[5] = start.a1;
            cpu->gpr[6] = start.a2;
        }
    }

    void resume() override {
        if (!threads_.empty()) return system_.release();
        for (const auto& cpu : cpus_) {
            threads_.emplace_back([this, &cpu = *cpu] {
                if (!affinity_.empty()) affinity_[cpu.index()].apply_to_this_thread();
                cpu.run();
            });
        }
    }

    void pause() override {
        if (!threads_.empty()) system_.hold(static_cast<unsigned>(threads_.size()));
    }

    [[nodiscard]] VcpuRegisters registers(unsigned cpu) override {
        la::Cpu& held = *cpus_[cpu];
        VcpuRegisters registers;
        registers.pc = held.pc;
        for (std::size_t i = 0; i < registers.gpr.size(); ++i) registers.gpr[i] = held.gpr[i];
        for (std::size_t i = 0; i < shown_csrs.size(); ++i) {
            registers.csr[i] = held.read_csr(shown_csrs[i].number);
        }
        return registers;
    }

    void stop() override {
        for (const auto& cpu : cpus_) cpu->stop();
        if (system_.hold_requested()) system_.release();
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
    }

    void set_line(unsigned cpu, unsigned line, bool level) override {
        if (cpu < cpus_.size()) cpus_[cpu]->set_line(line, level);
    }

private:
    GuestMemory& memory_;
    CodeMemory code_;
    la::System system_;
    // CPUs take their leave of the system when they go.
    std::vector<std::unique_ptr<la::Cpu>> cpus_;
    std::unique_ptr<Trace> trace_;
    File markers_;
    const std::vector<CpuList> affinity_;
    std::vector<std::thread> threads_;
};

}  // namespace

Outcome<std::unique_ptr<Backend>> make_soft_backend(const BackendRequest& request) {
    const auto open = [](const std::string& path, const char* option) -> Outcome<File> {
        File file{path.empty() ? nullptr : std::fopen(path.c_str(), "w"), std::fclose};
        if (file != nullptr || path.empty()) return Outcome<File>{std::move(file)};
        return setup_failure(std::string{option} + " '" + path + "': " + std::strerror(errno));
    };
    std::unique_ptr<Trace> trace;
    File trace_file = LKVM_CHECK(open(request.trace_file, "--trace"));
    if (trace_file != nullptr) trace = std::make_unique<Trace>(trace_file.release());
    File markers = LKVM_CHECK(open(request.marker_file, "--markers"));
    CodeMemory code = LKVM_CHECK(CodeMemory::create(request.code_cache_bytes));
    return std::unique_ptr<Backend>{std::make_unique<SoftBackend>(
        request, std::move(code), std::move(trace), std::move(markers))};
}

}  // namespace lkvm::vmm
