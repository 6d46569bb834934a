// SPDX-License-Identifier: GPL-2.0-or-later
// Exits of KVM, replayed: the shared page of a vCPU as the kernel left it, byte by byte, goes
// through the handler on any host. KVM api KVM_RUN.
#include "vmm/kvm/exits.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

using vmm::kvm::Exit;
using vmm::kvm::ExitOutcome;
using vmm::kvm::ExitServices;
using vmm::kvm::handle_exit;
using vmm::kvm::Run;

struct Access {
    std::uint64_t where = 0;  ///< IOCSR address or offset in the device
    unsigned size = 0;
    std::uint64_t value = 0;  ///< of a write
    unsigned cpu = 0;

    friend bool operator==(const Access&, const Access&) = default;
};

class RecordingDevice final : public MmioDevice {
public:
    std::uint64_t read(std::uint64_t offset, unsigned size) override {
        reads.push_back({offset, size});
        return answer;
    }
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override {
        writes.push_back({offset, size, value});
    }

    std::uint64_t answer = 0;
    std::vector<Access> reads;
    std::vector<Access> writes;
};

class RecordingIocsr final : public Iocsr {
public:
    std::uint64_t read(unsigned cpu, std::uint32_t address, unsigned size) override {
        reads.push_back({address, size, 0, cpu});
        return answer;
    }
    void write(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value) override {
        writes.push_back({address, size, value, cpu});
    }

    std::uint64_t answer = 0;
    std::vector<Access> reads;
    std::vector<Access> writes;
};

/// The first bytes of a vCPU's shared mapping, at the kernel's offsets and not at those of our
/// structure.
class RecordedRun {
public:
    static constexpr std::size_t reason_at = 8;
    static constexpr std::size_t address_at = 32;
    static constexpr std::size_t data_at = 40;
    static constexpr std::size_t length_at = 48;
    static constexpr std::size_t is_write_at = 52;
    static constexpr std::size_t number_at = 32;
    static constexpr std::size_t result_at = 88;

    /// What is not said is rubbish, as of earlier exits.
    explicit RecordedRun(std::uint32_t reason) {
        bytes_.fill(std::byte{0xa5});
        put(reason_at, reason);
    }
    template<class T>
    RecordedRun& put(std::size_t offset, T value) {
        std::memcpy(bytes_.data() + offset, &value, sizeof value);
        return *this;
    }
    template<class T>
    [[nodiscard]] T get(std::size_t offset) const {
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }
    [[nodiscard]] Run& run() { return *reinterpret_cast<Run*>(bytes_.data()); }
    [[nodiscard]] auto bytes() const { return bytes_; }

private:
    alignas(Run) std::array<std::byte, sizeof(Run)> bytes_{};
};

class KvmExits : public ::testing::Test {
protected:
    static constexpr std::uint64_t device_base = 0x16000000;
    static constexpr std::uint64_t ram_base = 0x90000000;
    static constexpr std::uint64_t ram_size = 0x10000000;
    static constexpr std::uint32_t mmio = 6;
    static constexpr std::uint32_t iocsr_exit = 38;

    KvmExits() {
        EXPECT_TRUE(bus.add(Gpa{device_base}, 0x1000, device).has_value());
        EXPECT_TRUE(ram.add({Gpa{ram_base}, ram_size}).has_value());
    }

    static RecordedRun access(std::uint32_t reason, std::uint64_t address, std::uint32_t length,
                              bool is_write, std::uint64_t data = 0) {
        RecordedRun run{reason};
        run.put(RecordedRun::address_at, address).put(RecordedRun::length_at, length);
        run.put(RecordedRun::is_write_at, static_cast<std::uint8_t>(is_write));
        if (is_write) run.put(RecordedRun::data_at, data);
        return run;
    }
    ExitOutcome handle(RecordedRun& run, unsigned cpu = 0) {
        return handle_exit(run.run(), cpu, ExitServices{bus, iocsr, ram});
    }
    void expect_nothing_reached() {
        EXPECT_TRUE(device.reads.empty() && device.writes.empty());
        EXPECT_TRUE(iocsr.reads.empty() && iocsr.writes.empty());
    }

    RecordingDevice device;
    RecordingIocsr iocsr;
    MmioBus bus;
    RamBanks ram;
};

TEST_F(KvmExits, ReadsADeviceAndAnswersWithAsManyBytes) {
    device.answer = 0x1122334455667788;
    for (const unsigned size : {1u, 2u, 4u, 8u}) {
        SCOPED_TRACE(size);
        RecordedRun run = access(mmio, device_base + 0x40, size, false);
        EXPECT_EQ(handle(run), ExitOutcome::resume);
        EXPECT_EQ(device.reads.back(), (Access{0x40, size}));
        const std::uint64_t all = run.get<std::uint64_t>(RecordedRun::data_at);
        const std::uint64_t mask = UINT64_MAX >> (64 - 8 * size);
        EXPECT_EQ(all & mask, device.answer & mask);
        EXPECT_EQ(all & ~mask, 0xa5a5a5a5a5a5a5a5 & ~mask);  // what lies beyond is left alone
        EXPECT_EQ(run.get<std::uint32_t>(RecordedRun::reason_at), mmio);
    }
    EXPECT_TRUE(device.writes.empty());
}

TEST_F(KvmExits, WritesADeviceWithTheBytesOfTheAccessOnly) {
    for (const unsigned size : {1u, 2u, 4u, 8u}) {
        SCOPED_TRACE(size);
        RecordedRun run = access(mmio, device_base + 8, size, true, 0xfedcba9876543210);
        const auto before = run.bytes();
        EXPECT_EQ(handle(run), ExitOutcome::resume);
        const std::uint64_t mask = UINT64_MAX >> (64 - 8 * size);
        EXPECT_EQ(device.writes.back(), (Access{8, size, 0xfedcba9876543210 & mask}));
        EXPECT_EQ(run.bytes(), before);
    }
    EXPECT_TRUE(device.reads.empty());
}

TEST_F(KvmExits, AnyNonZeroIsAWrite) {
    RecordedRun run = access(mmio, device_base, 4, true, 7);
    run.put(RecordedRun::is_write_at, std::uint8_t{0x80});
    EXPECT_EQ(handle(run), ExitOutcome::resume);
    EXPECT_EQ(device.writes.size(), 1u);
}

TEST_F(KvmExits, AHoleReadsAllOnesAndIgnoresWrites) {
    RecordedRun read = access(mmio, 0x50000000, 4, false);
    EXPECT_EQ(handle(read), ExitOutcome::resume);
    EXPECT_EQ(read.get<std::uint32_t>(RecordedRun::data_at), UINT32_MAX);
    RecordedRun write = access(mmio, UINT64_MAX, 1, true, 1);
    EXPECT_EQ(handle(write), ExitOutcome::resume);
    expect_nothing_reached();
}

TEST_F(KvmExits, AMisalignedAccessOfADeviceIsLikeAHole) {
    RecordedRun read = access(mmio, device_base + 2, 4, false);
    EXPECT_EQ(handle(read), ExitOutcome::resume);
    EXPECT_EQ(read.get<std::uint32_t>(RecordedRun::data_at), UINT32_MAX);
    expect_nothing_reached();
}

TEST_F(KvmExits, RefusesLengthsThatNoInstructionHas) {
    for (const std::uint32_t reason : {mmio, iocsr_exit}) {
        for (const bool is_write : {false, true}) {
            for (const std::uint32_t length :
                 {0u, 3u, 5u, 6u, 7u, 9u, 16u, 255u, 0x80000008u, UINT32_MAX}) {
                SCOPED_TRACE(length);
                RecordedRun run = access(reason, device_base, length, is_write);
                const auto before = run.bytes();
                EXPECT_EQ(handle(run), ExitOutcome::unknown);
                EXPECT_EQ(run.bytes(), before);
            }
        }
    }
    expect_nothing_reached();
}

TEST_F(KvmExits, RamReportedAsADeviceIsAFailureOfTheHost) {
    for (const std::uint64_t address : {ram_base, ram_base + 0x1234, ram_base + ram_size - 1}) {
        for (const bool is_write : {false, true}) {
            RecordedRun run = access(mmio, address, 8, is_write);
            EXPECT_EQ(handle(run), ExitOutcome::host_memory);
        }
    }
    expect_nothing_reached();
    // Just outside there is nothing, which is the guest's affair.
    for (const std::uint64_t address : {ram_base - 1, ram_base + ram_size}) {
        RecordedRun run = access(mmio, address, 1, false);
        EXPECT_EQ(handle(run), ExitOutcome::resume);
    }
}

TEST_F(KvmExits, IocsrGoesToTheAccessingCpu) {
    iocsr.answer = 0x3030354133;
    RecordedRun read = access(iocsr_exit, 0x20, 8, false);
    EXPECT_EQ(handle(read, 3), ExitOutcome::resume);
    EXPECT_EQ(iocsr.reads.back(), (Access{0x20, 8, 0, 3}));
    EXPECT_EQ(read.get<std::uint64_t>(RecordedRun::data_at), iocsr.answer);

    RecordedRun write = access(iocsr_exit, 0x420, 4, true, 0xffffffff00010000);
    EXPECT_EQ(handle(write, 1), ExitOutcome::resume);
    EXPECT_EQ(iocsr.writes.back(), (Access{0x420, 4, 0x10000, 1}));
    EXPECT_TRUE(device.reads.empty() && device.writes.empty());
}

TEST_F(KvmExits, IocsrAddressesAreNotMemory) {
    RecordedRun run = access(iocsr_exit, ram_base, 4, false);
    EXPECT_EQ(handle(run), ExitOutcome::resume);
    EXPECT_EQ(iocsr.reads.back().where, ram_base);
}

TEST_F(KvmExits, EveryHypercallIsRefused) {
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
        RecordedRun run{3};
        run.put(RecordedRun::number_at, number).put(RecordedRun::result_at, std::uint64_t{0});
        EXPECT_EQ(handle(run), ExitOutcome::resume);
        EXPECT_EQ(run.get<std::int64_t>(RecordedRun::result_at), -1);
        EXPECT_EQ(run.get<std::uint64_t>(RecordedRun::number_at), number);
    }
    expect_nothing_reached();
}

TEST_F(KvmExits, AnInterruptedRunTouchesNothing) {
    RecordedRun run{10};
    const auto before = run.bytes();
    EXPECT_EQ(handle(run), ExitOutcome::interrupted);
    EXPECT_EQ(run.bytes(), before);
    expect_nothing_reached();
}

TEST_F(KvmExits, AllOtherReasonsAreReportedAndTouchNothing) {
    // Debug, internal error and a full dirty ring exist on LoongArch, the others do not.
    for (std::uint32_t reason = 0; reason < 64; ++reason) {
        if (reason == mmio || reason == iocsr_exit || reason == 3 || reason == 10) continue;
        SCOPED_TRACE(reason);
        RecordedRun run{reason};
        const auto before = run.bytes();
        EXPECT_EQ(handle(run), ExitOutcome::unknown);
        EXPECT_EQ(run.bytes(), before);
    }
    RecordedRun run{UINT32_MAX};
    EXPECT_EQ(handle(run), ExitOutcome::unknown);
    expect_nothing_reached();
}

TEST_F(KvmExits, ReportsNameTheReason) {
    const auto described = [](RecordedRun run) { return describe_exit(run.run()); };
    EXPECT_EQ(described(RecordedRun{4}), "KVM exit 4 (debug)");
    EXPECT_EQ(described(RecordedRun{31}), "KVM exit 31 (dirty ring full)");
    EXPECT_EQ(described(RecordedRun{24}), "KVM exit 24 (unknown)");
    RecordedRun internal{17};
    internal.put(32, std::uint32_t{3});
    EXPECT_EQ(described(internal), "KVM exit 17 (internal error 3 of the host's kernel)");
    EXPECT_EQ(described(access(mmio, 0x1234, 3, false)), "KVM exit 6 (read of 3 bytes at 0x1234)");
    EXPECT_EQ(described(access(iocsr_exit, 0x420, 16, true)),
              "KVM exit 38 (IOCSR write of 16 bytes at 0x420)");
}

TEST_F(KvmExits, AreCountedByReason) {
    vmm::kvm::ExitCounts counts;
    EXPECT_EQ(describe_counts(counts), "none");
    counts.count(access(mmio, device_base, 4, false).run());
    for (int i = 0; i < 2; ++i) counts.count(access(mmio, device_base, 4, true).run());
    for (int i = 0; i < 3; ++i) counts.count(access(iocsr_exit, 0x20, 8, false).run());
    for (int i = 0; i < 4; ++i) counts.count(access(iocsr_exit, 0x20, 8, true).run());
    counts.count(RecordedRun{3}.run());
    counts.count(RecordedRun{10}.run());
    counts.count(RecordedRun{17}.run());
    vmm::kvm::ExitCounts sum;
    sum += counts;
    sum += counts;
    EXPECT_EQ(describe_counts(sum),
              "mmio reads 2, mmio writes 4, iocsr reads 6, iocsr writes 8, hypercalls 2, "
              "interrupted 2, others 2");
}

}  // namespace
}  // namespace lkvm::test
