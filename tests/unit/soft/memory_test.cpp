// SPDX-License-Identifier: GPL-2.0-or-later
// Loads and stores: sizes, alignment, page ends, devices, ROM, bounds. LA Vol.1 §2.2.5, §2.2.6.
#include "lkvm/mmio_bus.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;
namespace lo = csr::tlbelo;

constexpr std::uint64_t pattern = 0x8796a5b4c3d2e1f0;

struct Access {
    Insn insn;
    unsigned size;
    bool sign;
};
constexpr Access loads[] = {
    {Insn::ld_b, 1, true}, {Insn::ld_bu, 1, false}, {Insn::ld_h, 2, true}, {Insn::ld_hu, 2, false},
    {Insn::ld_w, 4, true}, {Insn::ld_wu, 4, false}, {Insn::ld_d, 8, true},
};
constexpr Access stores[] = {
    {Insn::st_b, 1, false},
    {Insn::st_h, 2, false},
    {Insn::st_w, 4, false},
    {Insn::st_d, 8, false},
};

std::uint64_t extended(std::uint64_t value, unsigned size, bool sign) {
    const unsigned unused = 64 - 8 * size;
    value <<= unused;
    return sign ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value) >> unused)
                : value >> unused;
}

class Memory : public CpuTest {
protected:
    void load(Insn insn, std::uint64_t address) {
        cpu.gpr[a0] = address;
        cpu.gpr[a1] = 0x5555;
        execute(insn, {.rd = a1, .rj = a0});
    }
    void store(Insn insn, std::uint64_t address, std::uint64_t value) {
        cpu.gpr[a0] = address;
        cpu.gpr[a1] = value;
        execute(insn, {.rd = a1, .rj = a0});
    }
    void units_on() { cpu.write_csr(csr::euen::number, 7); }
    std::byte byte_at(std::uint64_t address) { return *machine.host(address); }
    /// Bytes [address, address + size) are 0, 1, 2, ... plus `first`.
    void number_bytes(std::uint64_t address, unsigned size, unsigned first = 0) {
        for (unsigned i = 0; i < size; ++i) {
            *machine.host(address + i) = static_cast<std::byte>(first + i);
        }
    }
};

TEST_F(Memory, EveryLoadAtEveryAlignment) {
    number_bytes(data, 64, 0x78);
    for (const Access& access : loads) {
        for (unsigned offset = 0; offset < 16; ++offset) {
            std::uint64_t expected = 0;
            std::memcpy(&expected, machine.host(data + offset), access.size);
            load(access.insn, data + offset);
            EXPECT_TRUE(went_on());
            EXPECT_EQ(cpu.gpr[a1], extended(expected, access.size, access.sign)) << offset;
        }
    }
}

TEST_F(Memory, EveryStoreAtEveryAlignmentWritesItsBytesOnly) {
    for (const Access& access : stores) {
        for (unsigned offset = 8; offset < 24; ++offset) {
            number_bytes(data, 40);
            store(access.insn, data + offset, pattern);
            EXPECT_TRUE(went_on());
            for (unsigned i = 0; i < 40; ++i) {
                const bool inside = i >= offset && i < offset + access.size;
                const auto expected = inside ? pattern >> (8 * (i - offset)) & 0xff : i;
                EXPECT_EQ(byte_at(data + i), static_cast<std::byte>(expected));
            }
        }
    }
}

TEST_F(Memory, AccessesCrossPagesThatLieApart) {
    map();
    constexpr std::uint64_t page = 0x40000000;
    map_pair(page, (ram + 0x100000) | user_page, (ram + 0x300000) | user_page, 14);
    const std::uint64_t end = page + 0x4000;
    units_on();
    for (unsigned before = 1; before < 32; ++before) {
        number_bytes(ram + 0x104000 - 32, 32);
        number_bytes(ram + 0x300000, 32, 32);
        std::array<std::byte, 64> bytes{};
        for (unsigned i = 0; i < 64; ++i) bytes[i] = static_cast<std::byte>(i);
        const auto expected = [&](auto value) {
            std::memcpy(&value, &bytes[32 - before], sizeof(value));
            return value;
        };
        if (before < 8) {
            load(Insn::ld_d, end - before);
            EXPECT_EQ(cpu.gpr[a1], expected(std::uint64_t{0}));
            store(Insn::st_d, end - before, pattern);
            load(Insn::ld_d, end - before);
            EXPECT_EQ(cpu.gpr[a1], pattern);
            number_bytes(ram + 0x104000 - 32, 32);
            number_bytes(ram + 0x300000, 32, 32);
        }
        cpu.gpr[a0] = end - before;
        execute(Insn::xvld, {.rd = 3, .rj = a0});
        EXPECT_EQ(std::memcmp(cpu.vr[3].bytes(), &bytes[32 - before], 32), 0) << before;
        cpu.vr[4].d = {~pattern, pattern, ~pattern, pattern};
        execute(Insn::xvst, {.rd = 4, .rj = a0});
        execute(Insn::xvld, {.rd = 5, .rj = a0});
        EXPECT_EQ(cpu.vr[5].d, cpu.vr[4].d);
        EXPECT_EQ(byte_at(ram + 0x104000 - before - 1), static_cast<std::byte>(31 - before));
        EXPECT_EQ(byte_at(ram + 0x300000 + 32 - before), static_cast<std::byte>(64 - before));
        // The physical neighbors are not touched.
        EXPECT_EQ(byte_at(ram + 0x104000), std::byte{0});
        EXPECT_EQ(byte_at(ram + 0x2fffff), std::byte{0});
    }
}

TEST_F(Memory, AFaultOnTheSecondPageLeavesNothingWritten) {
    map();
    constexpr std::uint64_t page = 0x40000000;
    const std::uint64_t end = page + 0x4000;
    units_on();
    struct Kind {
        std::uint64_t odd;
        Exception exception;
    };
    for (const Kind& kind :
         {Kind{0, Exception::PIS},
          Kind{(ram + 0x300000) | lo::V::mask | lo::PLV::mask, Exception::PME}}) {
        map_pair(page, (ram + 0x100000) | user_page, kind.odd, 14);
        number_bytes(ram + 0x104000 - 32, 32);
        store(Insn::st_d, end - 3, pattern);
        EXPECT_TRUE(raised(kind.exception));
        EXPECT_EQ(cpu.csr(csr::BADV), end);
        return_to(0);
        store(Insn::st_h, end - 1, pattern);
        EXPECT_TRUE(raised(kind.exception));
        return_to(0);
        cpu.gpr[a0] = end - 8;
        execute(Insn::vst, {.rd = 4, .rj = a0});
        EXPECT_TRUE(raised(kind.exception));
        return_to(0);
        for (unsigned i = 0; i < 32; ++i) {
            EXPECT_EQ(byte_at(ram + 0x104000 - 32 + i), static_cast<std::byte>(i));
        }
    }
    // A load: the register stays.
    cpu.gpr[a0] = end - 3;
    cpu.gpr[a1] = 0x77;
    map_pair(page, (ram + 0x100000) | user_page, 0, 14);
    execute(Insn::ld_d, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::PIL));
    EXPECT_EQ(cpu.csr(csr::BADV), end);
    EXPECT_EQ(cpu.gpr[a1], 0x77u);
}

TEST_F(Memory, AFaultOnTheFirstPageIsFoundFirst) {
    map();
    constexpr std::uint64_t page = 0x40000000;
    map_pair(page, 0, (ram + 0x300000) | user_page, 14);
    number_bytes(ram + 0x300000, 8);
    store(Insn::st_d, page + 0x3ffd, pattern);
    EXPECT_TRUE(raised(Exception::PIS));
    EXPECT_EQ(cpu.csr(csr::BADV), page + 0x3ffd);
    EXPECT_EQ(byte_at(ram + 0x300000), std::byte{0});
}

// --- Alignment checks ----------------------------------------------------------------------------

TEST_F(Memory, AlignmentIsCheckedAtTheLevelsThatAlclNames) {
    map();
    units_on();
    for (unsigned checked = 0; checked < 16; checked += 5) {
        for (unsigned level = 0; level < 4; ++level) {
            set_level(0);
            cpu.write_csr(csr::misc::number, csr::misc::ALCL::put(0, checked));
            const bool check = ((checked >> level) & 1) != 0;
            const auto expect = [&](Insn insn, la::EncodeOperands operands, bool alignment) {
                set_level(level);
                execute(insn, operands);
                EXPECT_EQ(raised(Exception::ALE), check && alignment) << la::info(insn).text;
                if (!(check && alignment)) EXPECT_TRUE(went_on()) << la::info(insn).text;
            };
            cpu.gpr[a0] = (window | data) + 1;
            for (const Insn insn : {Insn::ld_h, Insn::ld_hu, Insn::ld_w, Insn::ld_wu, Insn::ld_d,
                                    Insn::st_h, Insn::st_w, Insn::st_d, Insn::ldptr_w,
                                    Insn::ldptr_d, Insn::stptr_w, Insn::stptr_d}) {
                expect(insn, {.rd = a1, .rj = a0}, true);
            }
            for (const Insn insn : {Insn::ldx_h, Insn::ldx_d, Insn::stx_w, Insn::stx_d}) {
                expect(insn, {.rd = a1, .rj = a0, .rk = zero}, true);
            }
            for (const Insn insn : {Insn::fld_s, Insn::fld_d, Insn::fst_s, Insn::fst_d}) {
                expect(insn, {.rd = 1, .rj = a0}, true);
            }
            // Bytes cannot be misaligned, vectors are not checked.
            for (const Insn insn : {Insn::ld_b, Insn::st_b, Insn::vld, Insn::vst, Insn::xvld,
                                    Insn::xvst, Insn::vldrepl_w, Insn::vstelm_d}) {
                expect(insn, {.rd = 1, .rj = a0}, false);
            }
        }
    }
}

TEST_F(Memory, AlignmentFaultsComeFromTheFastPathToo) {
    store(Insn::st_d, data, pattern);  // the page is cached now
    cpu.write_csr(csr::misc::number, csr::misc::ALCL::put(0, 1));
    load(Insn::ld_w, data + 2);
    EXPECT_TRUE(raised(Exception::ALE));
    EXPECT_EQ(cpu.csr(csr::BADV), data + 2);
    EXPECT_EQ(cpu.gpr[a1], 0x5555u);
    load(Insn::ld_w, data + 4);
    EXPECT_TRUE(went_on());
}

// --- Devices and ROM -----------------------------------------------------------------------------

TEST_F(Memory, DevicesSeeSizeAndOffsetOfEachAccess) {
    for (const Access& access : loads) {
        machine.device.reads.clear();
        load(access.insn, SoftMachine::device_base + 0x40);
        ASSERT_EQ(machine.device.reads.size(), 1u);
        EXPECT_EQ(machine.device.reads[0].offset, 0x40u);
        EXPECT_EQ(machine.device.reads[0].size, access.size);
        EXPECT_EQ(cpu.gpr[a1], extended(machine.device.answer, access.size, access.sign));
    }
    for (const Access& access : stores) {
        machine.device.writes.clear();
        store(access.insn, SoftMachine::device_base + 0x48, pattern);
        ASSERT_EQ(machine.device.writes.size(), 1u);
        EXPECT_EQ(machine.device.writes[0],
                  (BusAccess{0x48, access.size, extended(pattern, access.size, false)}));
    }
}

TEST_F(Memory, MisalignedDeviceAccessesAreSplitIntoBytes) {
    store(Insn::st_w, SoftMachine::device_base + 0x41, 0x44332211);
    ASSERT_EQ(machine.device.writes.size(), 4u);
    for (unsigned i = 0; i < 4; ++i) {
        EXPECT_EQ(machine.device.writes[i], (BusAccess{0x41 + i, 1, 0x11u * (i + 1)}));
    }
    machine.device.answer = 0x99;
    load(Insn::ld_hu, SoftMachine::device_base + 0x41);
    EXPECT_EQ(cpu.gpr[a1], 0x9999u);
}

TEST_F(Memory, NothingReadsAsOnesAndDropsWrites) {
    load(Insn::ld_w, SoftMachine::hole);
    EXPECT_EQ(cpu.gpr[a1], UINT64_MAX);
    load(Insn::ld_bu, SoftMachine::hole + 1);
    EXPECT_EQ(cpu.gpr[a1], 0xffu);
    store(Insn::st_d, SoftMachine::hole, pattern);
    EXPECT_TRUE(went_on());
    store(Insn::st_d, SoftMachine::hole + 0xffd, pattern);
    EXPECT_TRUE(went_on());
}

TEST_F(Memory, RomIsReadAndRunButNotWritten) {
    machine.write<std::uint64_t>(SoftMachine::rom_base + 8, pattern);
    load(Insn::ld_d, SoftMachine::rom_base + 8);
    EXPECT_EQ(cpu.gpr[a1], pattern);
    for (const Access& access : stores) {
        store(access.insn, SoftMachine::rom_base + 8, 0);
        EXPECT_TRUE(went_on());
        store(access.insn, SoftMachine::rom_base + 9, 0);
        EXPECT_TRUE(went_on());
    }
    units_on();
    cpu.gpr[a0] = SoftMachine::rom_base;
    execute(Insn::xvst, {.rd = 0, .rj = a0});
    EXPECT_TRUE(went_on());
    EXPECT_EQ(machine.read<std::uint64_t>(SoftMachine::rom_base + 8), pattern);
    Program program{SoftMachine::rom_base + 0x100};
    program.li(a1, 6).stop(SoftMachine::stop_address);
    machine.run(program);
    EXPECT_EQ(cpu.gpr[a1], 6u);
}

TEST_F(Memory, TheLastBytesOfRamAreRam) {
    const std::uint64_t end = ram + SoftMachine::ram_size;
    store(Insn::st_d, end - 8, pattern);
    load(Insn::ld_d, end - 8);
    EXPECT_EQ(cpu.gpr[a1], pattern);
    // Half in RAM, half in nothing.
    store(Insn::st_d, end - 4, 0);
    EXPECT_TRUE(went_on());
    load(Insn::ld_d, end - 4);
    EXPECT_EQ(cpu.gpr[a1], 0xffffffff00000000);
}

TEST_F(Memory, IocsrAccessesCarryCpuAndSize) {
    struct Kind {
        Insn read;
        Insn write;
        unsigned size;
    };
    constexpr Kind kinds[] = {{Insn::iocsrrd_b, Insn::iocsrwr_b, 1},
                              {Insn::iocsrrd_h, Insn::iocsrwr_h, 2},
                              {Insn::iocsrrd_w, Insn::iocsrwr_w, 4},
                              {Insn::iocsrrd_d, Insn::iocsrwr_d, 8}};
    std::size_t count = 0;
    for (const Kind& kind : kinds) {
        cpu.gpr[a0] = 0xabcd00001000;  // 32-bit space
        execute(kind.read, {.rd = a1, .rj = a0});
        EXPECT_EQ(cpu.gpr[a1], extended(0x8f8e8d8c8b8a8988, kind.size, true));
        cpu.gpr[a1] = pattern;
        execute(kind.write, {.rd = a1, .rj = a0});
        ++count;
        ASSERT_EQ(machine.iocsr_reads().size(), count);
        ASSERT_EQ(machine.iocsr_writes().size(), count);
        EXPECT_EQ(machine.iocsr_reads().back(), (BusAccess{0x1000, kind.size, 0}));
        EXPECT_EQ(machine.iocsr_writes().back(),
                  (BusAccess{0x1000, kind.size, extended(pattern, kind.size, false)}));
    }
}

// --- Register 0 ----------------------------------------------------------------------------------

TEST_F(Memory, LoadsIntoRegisterZeroAreForgotten) {
    machine.write<std::uint64_t>(data, pattern);
    cpu.gpr[a0] = data;
    execute(Insn::ld_d, {.rd = zero, .rj = a0});
    EXPECT_TRUE(went_on());
    EXPECT_EQ(cpu.gpr[0], 0u);
    execute(Insn::amadd_d, {.rd = zero, .rj = a0, .rk = zero});
    EXPECT_EQ(cpu.gpr[0], 0u);
    execute(Insn::st_d, {.rd = zero, .rj = a0});
    EXPECT_EQ(machine.read<std::uint64_t>(data), 0u);
}

// --- Bound checks --------------------------------------------------------------------------------

TEST_F(Memory, BoundsDecideOnEqualityAsTheNamesSay) {
    struct Kind {
        Insn insn;
        bool greater;
        unsigned size;
        bool store;
    };
    // clang-format off
    constexpr Kind kinds[] = {
        {Insn::ldgt_b, true, 1, false},  {Insn::ldgt_h, true, 2, false},
        {Insn::ldgt_w, true, 4, false},  {Insn::ldgt_d, true, 8, false},
        {Insn::ldle_b, false, 1, false}, {Insn::ldle_h, false, 2, false},
        {Insn::ldle_w, false, 4, false}, {Insn::ldle_d, false, 8, false},
        {Insn::stgt_b, true, 1, true},   {Insn::stgt_h, true, 2, true},
        {Insn::stgt_w, true, 4, true},   {Insn::stgt_d, true, 8, true},
        {Insn::stle_b, false, 1, true},  {Insn::stle_h, false, 2, true},
        {Insn::stle_w, false, 4, true},  {Insn::stle_d, false, 8, true},
    };
    // clang-format on
    for (const Kind& kind : kinds) {
        for (const int difference : {-1, 0, 1}) {
            machine.write<std::uint64_t>(data, 0x0102030405060708);
            cpu.gpr[a0] = data;
            cpu.gpr[a2] = data - static_cast<std::uint64_t>(std::int64_t{difference});
            cpu.gpr[a1] = 0x55;
            execute(kind.insn, {.rd = a1, .rj = a0, .rk = a2});
            const bool allowed = kind.greater ? difference > 0 : difference <= 0;
            EXPECT_EQ(went_on(), allowed) << la::info(kind.insn).text << difference;
            const std::uint64_t stored = machine.read<std::uint64_t>(data);
            if (!allowed) {
                EXPECT_TRUE(raised(Exception::BCE));
                EXPECT_EQ(cpu.gpr[a1], 0x55u);
                EXPECT_EQ(stored, 0x0102030405060708u);
            } else if (kind.store) {
                EXPECT_EQ(extended(stored, kind.size, false), 0x55u);
            } else {
                EXPECT_EQ(cpu.gpr[a1], extended(0x0102030405060708, kind.size, true));
            }
        }
        // Always aligned.
        if (kind.size == 1) continue;
        cpu.gpr[a0] = data + 1;
        cpu.gpr[a2] = kind.greater ? 0 : UINT64_MAX;
        execute(kind.insn, {.rd = a1, .rj = a0, .rk = a2});
        EXPECT_TRUE(raised(Exception::ALE)) << la::info(kind.insn).text;
    }
}

TEST_F(Memory, FloatingPointBoundsDoTheSame) {
    units_on();
    machine.write<std::uint64_t>(data, pattern);
    cpu.gpr[a0] = data;
    cpu.gpr[a2] = data;
    cpu.vr[1].d[0] = 5;
    execute(Insn::fldgt_d, {.rd = 1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::BCE));
    EXPECT_EQ(cpu.csr(csr::BADV), data);
    EXPECT_EQ(cpu.vr[1].d[0], 5u);
    execute(Insn::fldle_d, {.rd = 1, .rj = a0, .rk = a2});
    EXPECT_EQ(cpu.vr[1].d[0], pattern);
    cpu.vr[1].d[0] = 9;
    execute(Insn::fstgt_d, {.rd = 1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::BCE));
    EXPECT_EQ(machine.read<std::uint64_t>(data), pattern);
    execute(Insn::fstle_s, {.rd = 1, .rj = a0, .rk = a2});
    EXPECT_EQ(machine.read<std::uint32_t>(data), 9u);
    cpu.gpr[a0] = data + 4;
    execute(Insn::fldle_d, {.rd = 1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::ALE));
}

TEST_F(Memory, AssertionsCompareRegisters) {
    const auto allowed = [&](Insn insn, std::uint64_t j, std::uint64_t k) {
        cpu.gpr[a0] = j;
        cpu.gpr[a1] = k;
        execute(insn, {.rj = a0, .rk = a1});
        EXPECT_NE(went_on(), raised(Exception::BCE));
        return went_on();
    };
    EXPECT_TRUE(allowed(Insn::asrtle_d, 1, 2));
    EXPECT_TRUE(allowed(Insn::asrtle_d, 2, 2));
    EXPECT_FALSE(allowed(Insn::asrtle_d, 3, 2));
    EXPECT_FALSE(allowed(Insn::asrtgt_d, 1, 2));
    EXPECT_FALSE(allowed(Insn::asrtgt_d, 2, 2));
    EXPECT_TRUE(allowed(Insn::asrtgt_d, 3, 2));
    // Unsigned, as in QEMU and Loongson's valgrind; the manual says signed.
    EXPECT_FALSE(allowed(Insn::asrtle_d, UINT64_MAX, 0));
    EXPECT_TRUE(allowed(Insn::asrtgt_d, UINT64_MAX, 0));
}

}  // namespace
}  // namespace lkvm::test
