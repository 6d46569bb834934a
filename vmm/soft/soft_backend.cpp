// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/soft/soft_backend.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "loongarch/isa/disassemble.hpp"
#include "loongarch/platform/irqchip/interrupt_chips.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/system.hpp"
#include "vmm/soft/code_memory.hpp"
#include "vmm/text.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace lkvm::vmm {
namespace {

/// A file of lines that the vCPU threads write. When it cannot be written that ends the guest: half
/// a trace misleads.
class LineFile {
public:
    using Fatal = std::function<void(const std::string&)>;

    static Outcome<std::unique_ptr<LineFile>> create(const std::string& option,
                                                     const std::string& path, Fatal fatal) {
        if (path.empty()) return std::unique_ptr<LineFile>{};
        // Opened by that name, a file that is our standard error would be cut and written to twice.
        std::FILE* const file = path == "/dev/stderr"
                                    ? ::fdopen(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), "w")
                                    : std::fopen(path.c_str(), "we");
        const std::string name = text(option, " '", path, "'");
        if (file == nullptr) return setup_failure(text(name, ": ", system_error_text(errno)));
        return std::unique_ptr<LineFile>(new LineFile(file, name, std::move(fatal)));
    }
    ~LineFile() { std::fclose(file_); }
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    /// --trace: an instruction.
    static void trace(void* self, la::Cpu& cpu, std::uint64_t pc, std::uint32_t word) {
        std::array<char, la::disassembly_size> buffer;
        const std::string_view code = la::disassemble(word, pc, buffer);
        auto& file = *static_cast<LineFile*>(self);
        const std::lock_guard lock{file.mutex_};
        file.check(std::fprintf(file.file_, "%u %016llx %08x %.*s\n", cpu.index(),
                                static_cast<unsigned long long>(pc), word,
                                static_cast<int>(code.size()), code.data()) >= 0);
    }
    /// --markers: "CPU MARKER INSTRUCTIONS GUEST-INSTRUCTIONS".
    static void marker(void* self, const la::Cpu& cpu, const la::Cpu::Marker& marker) {
        auto& file = *static_cast<LineFile*>(self);
        const std::lock_guard lock{file.mutex_};
        file.check(std::fprintf(file.file_, "%u %u %llu %llu\n", cpu.index(), marker.number,
                                static_cast<unsigned long long>(marker.instructions),
                                static_cast<unsigned long long>(marker.guest_instructions)) >= 0 &&
                   std::fflush(file.file_) == 0);
    }

    /// Writes what is kept back, when there are no more lines to come.
    void finish() { check(std::fflush(file_) == 0); }

private:
    LineFile(std::FILE* file, std::string name, Fatal fatal)
        : file_(file)
        , name_(std::move(name))
        , fatal_(std::move(fatal)) {}

    void check(bool written) {
        if (written || std::exchange(failed_, true) || !fatal_) return;
        fatal_(text(name_, ": ", system_error_text(errno)));
    }

    std::mutex mutex_;
    std::FILE* file_;
    const std::string name_;
    const Fatal fatal_;
    bool failed_ = false;
};

class SoftBackend final : public Backend {
public:
    SoftBackend(const BackendRequest& request, CodeMemory code, std::unique_ptr<LineFile> trace,
                std::unique_ptr<LineFile> markers)
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
            if (markers_ != nullptr)
                cpus_.back()->set_marker_sink(&LineFile::marker, markers_.get());
            if (trace_ != nullptr) cpus_.back()->set_tracer(&LineFile::trace, trace_.get());
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
        system_.timers().start();
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
        if (trace_ != nullptr) trace_->finish();
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
    std::unique_ptr<LineFile> trace_;
    std::unique_ptr<LineFile> markers_;
    const std::vector<CpuList> affinity_;
    std::vector<std::thread> threads_;
};

}  // namespace

Outcome<std::unique_ptr<Backend>> make_soft_backend(const BackendRequest& request) {
    auto trace = LKVM_CHECK(LineFile::create("--trace", request.trace_file, request.fatal));
    auto markers = LKVM_CHECK(LineFile::create("--markers", request.marker_file, request.fatal));
    CodeMemory code = LKVM_CHECK(CodeMemory::create(request.code_cache_bytes));
    return std::unique_ptr<Backend>{std::make_unique<SoftBackend>(
        request, std::move(code), std::move(trace), std::move(markers))};
}

}  // namespace lkvm::vmm
