// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/vcpu_registers.hpp"

#include <cinttypes>
#include <cstdio>
#include <optional>

#include <lkvm/endian.hpp>

#include "loongarch/isa/disassemble.hpp"
#include "loongarch/isa/register_names.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

namespace csr = la::csr;

/// A register in a table of four columns.
std::string cell(std::string_view name, std::uint64_t value) {
    std::array<char, 40> buffer;
    const int size = std::snprintf(buffer.data(), buffer.size(), " %7.*s %016" PRIx64,
                                   static_cast<int>(name.size()), name.data(), value);
    return {buffer.data(), static_cast<std::size_t>(size)};
}

std::uint64_t value_of(const VcpuRegisters& registers, unsigned number) {
    std::size_t i = 0;
    while (shown_csrs[i].number != number) ++i;
    return registers.csr[i];
}

/// Where instructions at `address` lie, if translation is direct or by a window. LA Vol.1 §5.2.
std::optional<Gpa> find_code(const VcpuRegisters& registers, std::uint64_t address) {
    constexpr std::uint64_t physical_mask = (std::uint64_t{1} << 48) - 1;
    const std::uint64_t mode = value_of(registers, csr::crmd::number);
    if (csr::crmd::DA::get(mode)) return Gpa{address & physical_mask};
    for (unsigned i = 0; i < csr::dmw::fetch_windows; ++i) {
        const std::uint64_t window = value_of(registers, csr::dmw::number0 + i);
        const bool usable = (csr::dmw::PLV::get(window) >> csr::crmd::PLV::get(mode) & 1) != 0;
        if (usable && csr::dmw::VSEG::get(window) == csr::dmw::VSEG::get(address)) {
            return Gpa{address & physical_mask};
        }
    }
    return std::nullopt;
}

std::string describe_code(const VcpuRegisters& registers, const GuestMemory& memory) {
    constexpr std::uint64_t instruction_size = 4;
    constexpr std::uint64_t before = 4;
    constexpr std::uint64_t after = 4;
    std::string lines;
    std::uint64_t address = registers.pc - before * instruction_size;
    for (std::uint64_t i = 0; i <= before + after; ++i, address += instruction_size) {
        const auto where = find_code(registers, address);
        if (!where.has_value()) continue;
        const auto word = memory.read<Le32>(*where);
        if (!word.has_value()) continue;
        std::array<char, la::disassembly_size> buffer;
        lines += text(address == registers.pc ? " > " : "   ", Hex{address}, "  ",
                      la::disassemble(word.value(), address, buffer), '\n');
    }
    return lines;
}

}  // namespace

std::string describe(unsigned cpu, const VcpuRegisters& registers, const GuestMemory& memory) {
    constexpr std::size_t columns = 4;
    std::string lines = text("vCPU ", cpu, '\n', cell("pc", registers.pc));
    for (std::size_t i = 1; i < registers.gpr.size(); ++i) {
        if (i % columns == 0) lines += '\n';
        lines += cell(la::gpr_names[i], registers.gpr[i]);
    }
    for (std::size_t i = 0; i < shown_csrs.size(); ++i) {
        if (i % columns == 0) lines += '\n';
        lines += cell(shown_csrs[i].name, registers.csr[i]);
    }
    return text(lines, '\n', describe_code(registers, memory));
}

std::string describe_briefly(const VcpuRegisters& registers) {
    std::string line = text("pc ", Hex{registers.pc});
    for (std::size_t i = 1; i < registers.gpr.size(); ++i) {
        line += text(' ', la::gpr_names[i], ' ', Hex{registers.gpr[i]});
    }
    return line;
}

}  // namespace lkvm::vmm
