// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/device_tree.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <libfdt.h>
#include <unistd.h>

#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/irqchip/eiointc.hpp"

namespace lkvm::test {
namespace {

using la::DeviceTreeConfig;
using la::GpaRange;

/// A built tree and the few questions that the tests ask.
class Tree {
public:
    explicit Tree(const DeviceTreeConfig& config)
        : buffer_(la::device_tree_buffer_size) {
        const auto blob = la::build_device_tree(config, buffer_);
        EXPECT_TRUE(blob.has_value());
        size_ = blob.has_value() ? blob->size() : 0;
        EXPECT_EQ(fdt_check_full(data(), size_), 0);
    }
    [[nodiscard]] const void* data() const { return buffer_.data(); }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool has(const char* path) const { return fdt_path_offset(data(), path) >= 0; }
    [[nodiscard]] std::string text(const char* path, const char* name) const {
        int length = 0;
        const void* value = fdt_getprop(data(), fdt_path_offset(data(), path), name, &length);
        return value == nullptr ? "(missing)"
                                : std::string(static_cast<const char*>(value),
                                              static_cast<std::size_t>(length) - 1);
    }
    [[nodiscard]] std::vector<std::uint32_t> cells(const char* path, const char* name) const {
        int length = 0;
        const auto* value = static_cast<const fdt32_t*>(
            fdt_getprop(data(), fdt_path_offset(data(), path), name, &length));
        std::vector<std::uint32_t> all;
        for (int i = 0; value != nullptr && i < length / 4; ++i) {
            all.push_back(fdt32_to_cpu(value[i]));
        }
        return all;
    }

private:
    std::vector<std::byte> buffer_;
    std::size_t size_ = 0;
};

using Cells = std::vector<std::uint32_t>;

RamBanks two_banks() {
    RamBanks banks;
    EXPECT_TRUE(banks.add({Gpa{0x90000000}, 0x20000000}).has_value());
    EXPECT_TRUE(banks.add({Gpa{0x200000000}, 0x140000000}).has_value());
    return banks;
}

TEST(DeviceTree, HasOneMemoryNodePerBank) {
    const RamBanks banks = two_banks();
    const Tree tree({.banks = banks});
    EXPECT_EQ(tree.cells("/memory@90000000", "reg"), (Cells{0, 0x90000000, 0, 0x20000000}));
    EXPECT_EQ(tree.cells("/memory@200000000", "reg"), (Cells{2, 0, 1, 0x40000000}));
    EXPECT_EQ(tree.text("/memory@200000000", "device_type"), "memory");
}

TEST(DeviceTree, ListsCpusByTheirId) {
    const RamBanks banks = two_banks();
    const Tree tree({.banks = banks, .cpu_count = 17});
    EXPECT_EQ(tree.cells("/cpus/cpu@0", "reg"), Cells{0});
    EXPECT_EQ(tree.cells("/cpus/cpu@10", "reg"), Cells{16});
    EXPECT_EQ(tree.text("/cpus/cpu@10", "device_type"), "cpu");
    EXPECT_FALSE(tree.has("/cpus/cpu@11"));
}

TEST(DeviceTree, ChosenCarriesWhatTheKernelNeeds) {
    const RamBanks banks = two_banks();
    std::array<std::byte, 32> seed{};
    seed[0] = std::byte{0xab};
    const Tree tree({.banks = banks,
                     .bootargs = "console=ttyS0 quiet",
                     .initrd = GpaRange{Gpa{0x100000000}, 0x12345},
                     .rng_seed = seed});
    EXPECT_EQ(tree.text("/chosen", "bootargs"), "console=ttyS0 quiet");
    EXPECT_EQ(tree.text("/chosen", "stdout-path"), "/serial@1fe001e0:115200n8");
    EXPECT_EQ(tree.cells("/chosen", "linux,initrd-start"), (Cells{1, 0}));
    EXPECT_EQ(tree.cells("/chosen", "linux,initrd-end"), (Cells{1, 0x12345}));
    EXPECT_EQ(tree.cells("/chosen", "rng-seed").size(), 8u);
    EXPECT_EQ(tree.cells("/chosen", "rng-seed")[0], 0xab000000u);
}

TEST(DeviceTree, ChosenOmitsWhatIsNotThere) {
    const RamBanks banks = two_banks();
    const Tree tree({.banks = banks});
    EXPECT_EQ(tree.text("/chosen", "bootargs"), "(missing)");
    EXPECT_TRUE(tree.cells("/chosen", "linux,initrd-start").empty());
    EXPECT_TRUE(tree.cells("/chosen", "rng-seed").empty());
}

TEST(DeviceTree, WiresInterruptControllersInAChain) {
    const RamBanks banks = two_banks();
    const Tree tree({.banks = banks});
    const Cells cpuic = tree.cells("/cpuic", "phandle");
    const Cells eiointc = tree.cells("/eiointc@1400", "phandle");
    const Cells pch_pic = tree.cells("/platic@10000000", "phandle");
    EXPECT_TRUE(tree.cells("/cpuic", "interrupt-parent").empty());
    EXPECT_EQ(tree.cells("/eiointc@1400", "interrupt-parent"), cpuic);
    EXPECT_EQ(tree.cells("/eiointc@1400", "interrupts"), Cells{3});
    EXPECT_EQ(tree.cells("/platic@10000000", "interrupt-parent"), eiointc);
    EXPECT_EQ(tree.cells("/platic@10000000", "loongson,pic-base-vec"), Cells{0});
    EXPECT_EQ(tree.cells("/serial@1fe001e0", "interrupt-parent"), pch_pic);
    EXPECT_EQ(tree.cells("/serial@1fe001e0", "interrupts"), (Cells{2, 4}));
    EXPECT_EQ(tree.cells("/rtc@100d0100", "interrupts"), (Cells{6, 4}));
}

TEST(DeviceTree, PowerNodesPointAtTheirRegisters) {
    const RamBanks banks = two_banks();
    const Tree tree({.banks = banks});
    const Cells regmap = tree.cells("/ged@100e001c", "phandle");
    EXPECT_EQ(tree.cells("/poweroff", "regmap"), regmap);
    EXPECT_EQ(tree.cells("/poweroff", "offset"), Cells{0});
    EXPECT_EQ(tree.cells("/poweroff", "value"), Cells{0x34});
    EXPECT_EQ(tree.cells("/reboot", "regmap"), regmap);
    EXPECT_EQ(tree.cells("/reboot", "offset"), Cells{2});
    EXPECT_EQ(tree.cells("/reboot", "value"), Cells{0x42});
}

TEST(DeviceTree, LegacyIoWindowHasTheNameLinuxLooksFor) {
    const RamBanks banks = two_banks();
    const Tree tree({.banks = banks});
    EXPECT_EQ(tree.cells("/isa@18000000", "ranges"), (Cells{1, 0, 0, 0x18000000, 0x4000}));
}

TEST(DeviceTree, VirtioNodesStandForUsedSlotsOnly) {
    const RamBanks banks = two_banks();
    const Tree tree({.banks = banks, .virtio_slots = 1 << 0 | 1 << 8 | 1 << 19});
    EXPECT_EQ(tree.cells("/virtio@16000000", "interrupts"), (Cells{8, 1}));
    EXPECT_EQ(tree.cells("/virtio@16001000", "interrupts"), (Cells{20, 1}));
    EXPECT_EQ(tree.cells("/virtio@16002600", "interrupts"), (Cells{31, 1}));
    EXPECT_EQ(tree.cells("/virtio@16002600", "reg"), (Cells{0, 0x16002600, 0, 0x200}));
    EXPECT_FALSE(tree.has("/virtio@16000200"));
}

TEST(DeviceTree, ReservationsAreListed) {
    const RamBanks banks = two_banks();
    const GpaRange reserved[] = {{Gpa{0x90010000}, 0x10000}, {Gpa{0x90030000}, 0x8000}};
    const Tree tree({.banks = banks, .reserved = reserved});
    ASSERT_EQ(fdt_num_mem_rsv(tree.data()), 2);
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    ASSERT_EQ(fdt_get_mem_rsv(tree.data(), 1, &base, &size), 0);
    EXPECT_EQ(base, 0x90030000u);
    EXPECT_EQ(size, 0x8000u);
}

/// Everything at its maximum.
Tree largest(const RamBanks& banks, const std::string& bootargs) {
    return Tree({.banks = banks,
                 .cpu_count = la::max_cpus,
                 .bootargs = bootargs,
                 .initrd = GpaRange{Gpa{0x98000000}, 0x100000},
                 .rng_seed = std::array<std::byte, 32>{},
                 .virtio_slots = (1u << la::max_virtio_slots) - 1});
}

RamBanks most_banks() {
    RamBanks banks;
    for (std::uint64_t i = 0; i < max_ram_banks; ++i) {
        EXPECT_TRUE(banks.add({Gpa{0x80000000 + i * 0x10000000}, 0x8000000}).has_value());
    }
    return banks;
}

TEST(DeviceTree, LargestTreeFitsTheBuffer) {
    const RamBanks banks = most_banks();
    const Tree tree = largest(banks, std::string(4095, 'x'));
    EXPECT_EQ(tree.text("/chosen", "bootargs").size(), 4095u);
    EXPECT_LT(tree.size(), la::device_tree_buffer_size);
}

TEST(DeviceTree, ReportsWhatDoesNotFit) {
    const RamBanks banks = two_banks();
    std::vector<std::byte> small(512);
    EXPECT_EQ(la::build_device_tree({.banks = banks}, small).error().code, ErrorCode::no_space);
    std::vector<std::byte> buffer(la::device_tree_buffer_size);
    const std::string too_long(4096, 'x');
    const auto code = [&](const DeviceTreeConfig& config) {
        return la::build_device_tree(config, buffer).error().code;
    };
    EXPECT_EQ(code({.banks = banks, .bootargs = too_long}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.banks = banks, .cpu_count = 0}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.banks = banks, .cpu_count = 65}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({.banks = banks, .virtio_slots = 1u << 20}), ErrorCode::invalid_argument);
}

/// What dtc says about a tree while it turns it into source, and that source.
struct Decompiled {
    int status;
    std::string messages;
    std::string source;
};

Decompiled decompile(const Tree& tree) {
    const std::string stem = testing::TempDir() + "lkvm-dtb-" + std::to_string(getpid());
    std::ofstream(stem, std::ios::binary)
        .write(static_cast<const char*>(tree.data()), static_cast<std::streamsize>(tree.size()));
    const std::string command =
        "dtc -I dtb -O dts -o " + stem + ".dts " + stem + " 2>" + stem + ".err";
    const int status = std::system(command.c_str());
    const auto slurp = [](const std::string& file) {
        std::ostringstream all;
        all << std::ifstream(file).rdbuf();
        std::remove(file.c_str());
        return all.str();
    };
    std::remove(stem.c_str());
    return {status, slurp(stem + ".err"), slurp(stem + ".dts")};
}

TEST(DeviceTree, DtcHasNoComplaints) {
    if (std::system("dtc --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "dtc is not installed";
    const RamBanks few = two_banks();
    const RamBanks many = most_banks();
    for (const Tree& tree : {Tree({.banks = few}), largest(many, "console=ttyS0 root=/dev/vda")}) {
        const Decompiled result = decompile(tree);
        EXPECT_EQ(result.status, 0);
        EXPECT_EQ(result.messages, "");
        EXPECT_NE(result.source.find("compatible = \"loongson,pch-pic-1.0\""), std::string::npos);
    }
}

TEST(FdtWriter, FirstErrorSticks) {
    std::vector<std::byte> buffer(4096);
    la::FdtWriter fdt(buffer);
    fdt.begin_node("");
    fdt.reserve(Gpa{0x1000}, 0x1000);  // too late
    fdt.end_node();
    EXPECT_EQ(fdt.finish().error().code, ErrorCode::invalid_argument);
}

TEST(FdtWriter, RefusesLongNames) {
    std::vector<std::byte> buffer(4096);
    la::FdtWriter fdt(buffer);
    fdt.begin_node("");
    fdt.flag(std::string(64, 'n'));
    fdt.end_node();
    EXPECT_EQ(fdt.finish().error().code, ErrorCode::invalid_argument);
}

TEST(DeviceTree, DescribesSharedMemoryWithItsDoorbell) {
    RamBanks banks;
    ASSERT_TRUE(banks.add({Gpa{0x90000000}, 0x10000000, nullptr}).has_value());
    DeviceTreeConfig config{.banks = banks};
    const la::SharedMemoryNode nodes[] = {
        {"mailbox", {Gpa{0x1'20000000}, 0x8000}, la::virtio_slot(3), false},
        {"sensors", {Gpa{0x1'30000000}, 0x4000}, la::virtio_slot(9), true}};
    config.shared = nodes;
    const Tree tree(config);
    const char* const path = "/shared-memory@120000000";
    EXPECT_EQ(tree.text(path, "compatible"), "lkvm,shared-memory");
    EXPECT_EQ(tree.text(path, "label"), "mailbox");
    EXPECT_EQ(tree.cells(path, "reg"), (Cells{1, 0x20000000, 0, 0x8000, 0, 0x16000600, 0, 0x200}));
    EXPECT_EQ(tree.cells(path, "interrupts"), (Cells{11, 1}));
    EXPECT_EQ(tree.text(path, "read-only"), "(missing)");
    EXPECT_EQ(tree.cells("/shared-memory@130000000", "interrupts"), (Cells{21, 1}));
    int length = -1;
    EXPECT_NE(fdt_getprop(tree.data(), fdt_path_offset(tree.data(), "/shared-memory@130000000"),
                          "read-only", &length),
              nullptr);
}

TEST(DeviceTree, DescribesOtherDevices) {
    RamBanks banks;
    ASSERT_TRUE(banks.add({Gpa{0x90000000}, 0x10000000, nullptr}).has_value());
    DeviceTreeConfig config{.banks = banks};
    const la::OtherDeviceNode nodes[] = {{"vendor,thing", {Gpa{0x30000000}, 0x4000}, 17},
                                         {"vendor,quiet", {Gpa{0x40000000}, 0x8000}, {}}};
    config.others = nodes;
    const Tree tree(config);
    EXPECT_EQ(tree.text("/device@30000000", "compatible"), "vendor,thing");
    EXPECT_EQ(tree.cells("/device@30000000", "interrupts"), (Cells{17, 4}));
    EXPECT_EQ(tree.cells("/device@40000000", "reg"), (Cells{0, 0x40000000, 0, 0x8000}));
    EXPECT_EQ(tree.text("/device@40000000", "interrupts"), "(missing)");
}

}  // namespace
}  // namespace lkvm::test
