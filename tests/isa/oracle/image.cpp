// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/oracle/image.hpp"

#include <array>
#include <cstring>
#include <stdexcept>

#include "loongarch/csr/csr.hpp"
#include "tests/isa/oracle/assembler.hpp"

namespace lkvm::test::oracle {
namespace {

using la::Insn;

// Registers by their ABI numbers.
constexpr std::uint8_t ra = 1, a0 = 4, a1 = 5, a2 = 6, a3 = 7, a7 = 11, t0 = 12, t1 = 13, t2 = 14;
constexpr std::uint8_t s0 = 23, s1 = 24;
constexpr std::uint8_t context = context_register;

constexpr std::int32_t offset(std::size_t value) {
    return static_cast<std::int32_t>(value);
}
constexpr std::int32_t gpr_offset(unsigned i) {
    return offset(offsetof(CaseBlock, gpr) + i * 8);
}
constexpr std::int32_t vr_offset(unsigned i) {
    return offset(offsetof(CaseBlock, vr) + i * sizeof(Vector));
}
constexpr std::int32_t fcc_offset(unsigned i) {
    return offset(offsetof(CaseBlock, fcc) + i);
}

// Driver's variables in the first page of the data segment.
constexpr std::uint64_t signal_stack_at = data_base;        // stack_t
constexpr std::uint64_t signal_action_at = data_base + 64;  // struct sigaction of the kernel
constexpr std::uint64_t on_soft_at = data_base + 128;
constexpr std::uint64_t signal_stack_base = data_base + 0x1000;
constexpr std::uint64_t signal_stack_size = block_base - signal_stack_base;

// Linux, asm-generic.
constexpr std::int32_t sys_write = 64, sys_exit_group = 94, sys_sigaltstack = 132,
                       sys_rt_sigaction = 134;
constexpr std::uint64_t sa_siginfo = 4, sa_onstack = 0x0800'0000, sa_nodefer = 0x4000'0000;
constexpr std::array signals = {4, 5, 7, 8, 11, 31};  // ILL TRAP BUS FPE SEGV SYS
// Offsets in LoongArch's ucontext.
constexpr std::int32_t uc_pc = 176, uc_regs = 184;

/// In ticks of 10 ns.
constexpr std::uint64_t timer_period = 2000;

class Builder {
public:
    explicit Builder(const std::vector<Body>& bodies)
        : bodies_(bodies) {}

    Image build() {
        Image image;
        image.data.resize(block_base - data_base + bodies_.size() * sizeof(CaseBlock));
        image.qemu_entry = a_.here();
        const std::size_t to_load = qemu_start(image);
        image.soft_entry = a_.here();
        soft_start();
        const std::size_t also_to_load = a_.branch(Insn::b);
        image.paged_entry = a_.here();
        soft_start();
        paged_start();
        a_.land(to_load);
        a_.land(also_to_load);
        load_ = a_.here();
        a_.constant(context, block_base);
        const std::uint64_t next = a_.here();
        load_state();
        save_ = a_.here();
        save_state();
        a_.emit(Insn::addi_d, {.rd = context, .rj = context, .imm = offset(sizeof(CaseBlock))});
        a_.constant(a0, block_address(bodies_.size()));
        a_.emit(Insn::bne, {.rd = a0, .rj = context, .imm = offset(next - a_.here())});
        finish();
        signal_handler(image);
        a_.pad_to(handler_base);
        exception_handler();
        a_.pad_to(refill_base);
        refill_handler();
        place_bodies(image);
        image.code = a_.words();
        return image;
    }

private:
    void put(Image& image, std::uint64_t address, std::uint64_t value) {
        std::memcpy(image.data.data() + (address - data_base), &value, sizeof(value));
    }

    std::size_t qemu_start(Image& image) {
        put(image, signal_stack_at, signal_stack_base);
        put(image, signal_stack_at + 16, signal_stack_size);
        put(image, signal_action_at + 8, sa_siginfo | sa_onstack | sa_nodefer);
        a_.constant(a0, signal_stack_at);
        a_.emit(Insn::ori, {.rd = a1});
        a_.emit(Insn::ori, {.rd = a7, .imm = sys_sigaltstack});
        a_.emit(Insn::syscall);
        for (const int signal : signals) {
            a_.emit(Insn::ori, {.rd = a0, .imm = signal});
            a_.constant(a1, signal_action_at);
            a_.emit(Insn::ori, {.rd = a2});
            a_.emit(Insn::ori, {.rd = a3, .imm = 8});
            a_.emit(Insn::ori, {.rd = a7, .imm = sys_rt_sigaction});
            a_.emit(Insn::syscall);
        }
        return a_.branch(Insn::b);
    }

    void soft_start() {
        a_.constant(a0, on_soft_at);
        a_.emit(Insn::ori, {.rd = a1, .imm = 1});
        a_.emit(Insn::st_d, {.rd = a1, .rj = a0});
        a_.emit(Insn::ori, {.rd = a0, .imm = 7});  // FP, LSX, LASX on
        a_.emit(Insn::csrwr, {.rd = a0, .imm = la::csr::euen::number});
        a_.constant(a0, handler_base);
        a_.emit(Insn::csrwr, {.rd = a0, .imm = la::csr::EENTRY});
    }

    void write_csr(unsigned number, std::uint64_t value) {
        a_.constant(a0, value);
        a_.emit(Insn::csrwr, {.rd = a0, .imm = static_cast<std::int32_t>(number)});
    }

    void paged_start() {
        using namespace la::csr;
        write_csr(TLBRENTRY, refill_base);
        write_csr(crmd::number, crmd::PG::mask);
        write_csr(ecfg::number, estat::TI::mask);
        write_csr(tcfg::number, tcfg::En::mask | tcfg::Periodic::mask | timer_period);
        write_csr(prmd::number, prmd::PIE::put(prmd::PPLV::mask, true));
        constexpr std::uint64_t instructions = 6;  // from here to behind the ertn
        write_csr(ERA, a_.here() + 4 * instructions);
        a_.emit(Insn::ertn);
    }

    void load_state() {
        a_.emit(Insn::ld_w, {.rd = a0, .rj = context, .imm = offset(offsetof(CaseBlock, fcsr))});
        a_.emit(Insn::movgr2fcsr, {.rj = a0});
        for (std::uint8_t i = 0; i < 8; ++i) {
            a_.emit(Insn::ld_bu, {.rd = a0, .rj = context, .imm = fcc_offset(i)});
            a_.emit(Insn::movgr2cf, {.rd = i, .rj = a0});
        }
        for (std::uint8_t i = 0; i < 32; ++i) {
            a_.emit(Insn::xvld, {.rd = i, .rj = context, .imm = vr_offset(i)});
        }
        for (std::uint8_t i = 1; i < 32; ++i) {
            if (i == context) continue;
            a_.emit(Insn::ld_d, {.rd = i, .rj = context, .imm = gpr_offset(i)});
        }
        a_.emit(Insn::jirl, {.rj = body_register});
    }

    void save_state() {
        for (std::uint8_t i = 0; i < 32; ++i) {
            a_.emit(Insn::st_d, {.rd = i, .rj = context, .imm = gpr_offset(i)});
        }
        a_.emit(Insn::movfcsr2gr, {.rd = a0});
        a_.emit(Insn::st_w, {.rd = a0, .rj = context, .imm = offset(offsetof(CaseBlock, fcsr))});
        for (std::uint8_t i = 0; i < 32; ++i) {
            a_.emit(Insn::xvst, {.rd = i, .rj = context, .imm = vr_offset(i)});
        }
        for (std::uint8_t i = 0; i < 8; ++i) {
            a_.emit(Insn::movcf2gr, {.rd = a0, .rj = i});
            a_.emit(Insn::st_b, {.rd = a0, .rj = context, .imm = fcc_offset(i)});
        }
    }

    void finish() {
        a_.constant(a0, on_soft_at);
        a_.emit(Insn::ld_d, {.rd = a0, .rj = a0});
        const std::size_t on_qemu = a_.branch(Insn::beqz, {.rj = a0});
        a_.constant(a0, stop_device);
        a_.emit(Insn::st_d, {.rj = a0});
        a_.jump(a_.here());
        a_.land(on_qemu);
        a_.constant(s0, block_base);
        a_.constant(s1, block_address(bodies_.size()));
        const std::uint64_t again = a_.here();
        a_.emit(Insn::ori, {.rd = a0, .imm = 1});
        a_.emit(Insn::or_, {.rd = a1, .rj = s0});
        a_.emit(Insn::sub_d, {.rd = a2, .rj = s1, .rk = s0});
        a_.emit(Insn::ori, {.rd = a7, .imm = sys_write});
        a_.emit(Insn::syscall);
        const std::size_t failed = a_.branch(Insn::bge, {.rd = a0});  // 0 >= result
        a_.emit(Insn::add_d, {.rd = s0, .rj = s0, .rk = a0});
        a_.emit(Insn::bne, {.rd = s1, .rj = s0, .imm = offset(again - a_.here())});
        a_.land(failed);
        a_.emit(Insn::sltu, {.rd = a0, .rj = s0, .rk = s1});
        a_.emit(Insn::ori, {.rd = a7, .imm = sys_exit_group});
        a_.emit(Insn::syscall);
    }

    /// Notes signal and place, and lets the return go to save_state().
    void signal_handler(Image& image) {
        put(image, signal_action_at, a_.here());
        a_.emit(Insn::ld_d, {.rd = t0, .rj = a2, .imm = uc_regs + 8 * context});
        a_.emit(Insn::st_d, {.rd = a0, .rj = t0, .imm = offset(offsetof(CaseBlock, fault))});
        a_.emit(Insn::ld_d, {.rd = t1, .rj = a2, .imm = uc_pc});
        a_.emit(Insn::st_d, {.rd = t1, .rj = t0, .imm = offset(offsetof(CaseBlock, fault_pc))});
        a_.constant(t2, save_);
        a_.emit(Insn::st_d, {.rd = t2, .rj = a2, .imm = uc_pc});
        a_.emit(Insn::jirl, {.rj = ra});
    }

    /// The same as an exception handler.
    void exception_handler() {
        const std::int32_t save0 = la::csr::SAVE0;
        a_.emit(Insn::csrwr, {.rd = a0, .imm = save0});
        a_.emit(Insn::csrrd, {.rd = a0, .imm = la::csr::estat::number});
        a_.emit(Insn::bstrpick_d, {.rd = a0, .rj = a0, .ra = 30, .imm = 16});
        const std::size_t interrupt = a_.branch(Insn::beqz, {.rj = a0});
        // fault_flag does not fit addi.d.
        a_.emit(Insn::addu16i_d, {.rd = a0, .rj = a0, .imm = fault_flag >> 16});
        a_.emit(Insn::st_d, {.rd = a0, .rj = context, .imm = offset(offsetof(CaseBlock, fault))});
        a_.emit(Insn::csrrd, {.rd = a0, .imm = la::csr::ERA});
        a_.emit(Insn::st_d,
                {.rd = a0, .rj = context, .imm = offset(offsetof(CaseBlock, fault_pc))});
        a_.constant(a0, save_);
        a_.emit(Insn::csrwr, {.rd = a0, .imm = la::csr::ERA});
        a_.emit(Insn::csrrd, {.rd = a0, .imm = save0});
        a_.emit(Insn::ertn);
        a_.land(interrupt);
        write_csr(la::csr::TICLR, 1);
        // The case does not notice, not even by its reservation.
        write_csr(la::csr::llbctl::number, la::csr::llbctl::KLO::mask);
        a_.emit(Insn::invtlb);
        a_.emit(Insn::csrrd, {.rd = a0, .imm = save0});
        a_.emit(Insn::ertn);
    }

    /// Every page is where its address says.
    void refill_handler() {
        using namespace la::csr;
        constexpr std::int32_t save1 = SAVE0 + 1;
        constexpr std::int32_t page =
            tlbelo::V::mask | tlbelo::D::mask | tlbelo::PLV::mask | tlbelo::MAT::put(0, 1);
        a_.emit(Insn::csrwr, {.rd = t0, .imm = TLBRSAVE});
        a_.emit(Insn::csrwr, {.rd = t1, .imm = save1});
        a_.emit(Insn::csrrd, {.rd = t0, .imm = TLBRBADV});
        a_.emit(Insn::bstrins_d, {.rd = t0, .ra = 12, .imm = 0});
        a_.emit(Insn::ori, {.rd = t0, .rj = t0, .imm = page});
        a_.emit(Insn::or_, {.rd = t1, .rj = t0});
        a_.emit(Insn::csrwr, {.rd = t1, .imm = TLBRELO0});
        a_.emit(Insn::lu12i_w, {.rd = t1, .imm = 1});
        a_.emit(Insn::add_d, {.rd = t0, .rj = t0, .rk = t1});
        a_.emit(Insn::csrwr, {.rd = t0, .imm = TLBRELO1});
        a_.emit(Insn::ori, {.rd = t0, .imm = 12});
        a_.emit(Insn::ori, {.rd = t1, .imm = tlbrehi::PS::mask});
        a_.emit(Insn::csrxchg, {.rd = t0, .rj = t1, .imm = tlbrehi::number});
        a_.emit(Insn::tlbfill);
        a_.emit(Insn::csrrd, {.rd = t1, .imm = save1});
        a_.emit(Insn::csrrd, {.rd = t0, .imm = TLBRSAVE});
        a_.emit(Insn::ertn);
    }

    void place_bodies(Image& image) {
        for (std::size_t i = 0; i < bodies_.size(); ++i) {
            const std::uint64_t address = bodies_[i].before.gpr[body_register];
            if (address < a_.here() || address >= data_base) {
                throw std::logic_error("oracle: a case has lost its place");
            }
            a_.pad_to(address);
            for (const std::uint32_t word : bodies_[i].words) a_.word(word);
            a_.jump(save_);
            const CaseBlock& block = bodies_[i].before;
            std::memcpy(image.data.data() + (block_address(i) - data_base), &block, sizeof(block));
        }
    }

    const std::vector<Body>& bodies_;
    Assembler a_{code_base};
    std::uint64_t load_ = 0;
    std::uint64_t save_ = 0;
};

template<class T>
void append(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof(value));  // little-endian host
}

constexpr std::uint64_t page = 0x10000;

}  // namespace

Image make_image(const std::vector<Body>& bodies) {
    return Builder(bodies).build();
}

std::string elf_file(const Image& image) {
    struct Segment {
        std::uint32_t flags;
        std::uint64_t address;
        std::uint64_t offset;
        std::uint64_t size;
    };
    const std::uint64_t code_size = image.code.size() * 4;
    const std::uint64_t data_offset = page + (code_size + page - 1) / page * page;
    // Programs may change themselves.
    const std::array segments = {Segment{7, code_base, page, code_size},
                                 Segment{6, data_base, data_offset, image.data.size()}};
    std::string out(
        "\x7f"
        "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
        16);
    append<std::uint16_t>(out, 2);    // ET_EXEC
    append<std::uint16_t>(out, 258);  // EM_LOONGARCH
    append<std::uint32_t>(out, 1);
    append<std::uint64_t>(out, image.qemu_entry);
    append<std::uint64_t>(out, 64);  // program headers
    append<std::uint64_t>(out, 0);
    append<std::uint32_t>(out, 0x43);  // ABI: object file version 1, double float
    append<std::uint16_t>(out, 64);
    append<std::uint16_t>(out, 56);
    append<std::uint16_t>(out, segments.size());
    append<std::uint16_t>(out, 64);
    append<std::uint32_t>(out, 0);
    for (const Segment& segment : segments) {
        append<std::uint32_t>(out, 1);  // PT_LOAD
        append<std::uint32_t>(out, segment.flags);
        append<std::uint64_t>(out, segment.offset);
        append<std::uint64_t>(out, segment.address);
        append<std::uint64_t>(out, segment.address);
        append<std::uint64_t>(out, segment.size);
        append<std::uint64_t>(out, segment.size);
        append<std::uint64_t>(out, page);
    }
    out.resize(page);
    out.append(reinterpret_cast<const char*>(image.code.data()), code_size);
    out.resize(data_offset);
    out.append(reinterpret_cast<const char*>(image.data.data()), image.data.size());
    return out;
}

}  // namespace lkvm::test::oracle
