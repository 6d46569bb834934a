// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/root_arguments.hpp"

#include <gtest/gtest.h>

#include "tests/unit/vmm/temporary_file.hpp"
#include "vmm/cli/command_line.hpp"
#include "vmm/cli/device_arguments.hpp"

namespace lkvm::vmm {
namespace {

DiskOptions good(std::string_view argument) {
    const auto parsed = parse_disk(argument);
    EXPECT_TRUE(parsed.has_value()) << argument << ": " << parsed.failure().message;
    return parsed.has_value() ? parsed.value() : DiskOptions{};
}

/// The message, which names option and value.
std::string bad(std::string_view argument) {
    const auto parsed = parse_disk(argument);
    EXPECT_FALSE(parsed.has_value()) << argument;
    if (parsed.has_value()) return "";
    EXPECT_EQ(parsed.failure().code, ExitCode::usage_error);
    const std::string& message = parsed.failure().message;
    EXPECT_EQ(message.find("--disk '" + std::string(argument) + "': "), 0u) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
}

/// The machine that `lkvm run -k vmlinuz` with these arguments describes.
Outcome<MachineConfig> machine(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), {"lkvm", "run", "-k", "vmlinuz"});
    const auto command = parse_command_line(arguments);
    if (!command.has_value()) return command.failure();
    return std::get<RunCommand>(command.value()).machine;
}

TEST(DiskArguments, ReadsEveryOption) {
    const DiskOptions plain = good("disk.img");
    EXPECT_EQ(plain.path, "disk.img");
    EXPECT_FALSE(plain.read_only || plain.direct || plain.packed);
    EXPECT_EQ(plain.queues, 0u);  // one per vCPU
    EXPECT_EQ(plain.io, DiskIo::automatic);
    const DiskOptions all = good("a b.img,ro,direct,serial=S-1,queues=16,packed,io=threads");
    EXPECT_EQ(all.path, "a b.img");
    EXPECT_TRUE(all.read_only && all.direct && all.packed);
    EXPECT_EQ(all.serial, "S-1");
    EXPECT_EQ(all.queues, 16u);
    EXPECT_EQ(all.io, DiskIo::threads);
    EXPECT_EQ(good("d,io=io_uring").io, DiskIo::uring);
}

TEST(DiskArguments, SaysWhatIsAllowed) {
    EXPECT_NE(bad("").find("expected FILE[,OPTION...]"), std::string::npos);
    EXPECT_NE(bad(",ro").find("expected FILE[,OPTION...]"), std::string::npos);
    for (const char* const argument : {"d,queues=0", "d,queues=17", "d,queues=", "d,queues=four"}) {
        EXPECT_NE(bad(argument).find("queues: expected a number from 1 to 16"), std::string::npos);
    }
    EXPECT_NE(bad("d,serial=123456789012345678901").find("at most 20"), std::string::npos);
    for (const char* const argument : {"d,rw", "d,io=aio", "d,queues", "d,,ro", "d,ro=1"}) {
        EXPECT_NE(bad(argument).find("expected ro, direct, packed, serial=TEXT, queues=N"),
                  std::string::npos)
            << argument;
    }
}

TEST(DiskArguments, DirectoryIsTheRootFileSystem) {
    const std::string folder = testing::TempDir();
    const auto config = machine({"-d", folder.c_str()});
    ASSERT_TRUE(config.has_value()) << config.failure().message;
    EXPECT_TRUE(config.value().devices.disks.empty());
    ASSERT_EQ(config.value().devices.shares.size(), 1u);
    EXPECT_EQ(config.value().devices.shares[0].path, folder);
    EXPECT_EQ(config.value().devices.shares[0].tag, "/dev/root");
    EXPECT_FALSE(config.value().devices.shares[0].read_only);
    EXPECT_NE(config.value().command_line.find(" root=/dev/root rootfstype=9p rootflags="),
              std::string::npos);
    EXPECT_TRUE(config.value().command_line.ends_with(" rw"));
    EXPECT_TRUE(config.value().wants_initrd);

    const auto read_only = machine({"-d", (folder + ",ro").c_str(), "-i", "initrd"});
    ASSERT_TRUE(read_only.has_value()) << read_only.failure().message;
    EXPECT_TRUE(read_only.value().devices.shares.at(0).read_only);
    EXPECT_TRUE(read_only.value().command_line.ends_with(" ro"));
    EXPECT_FALSE(read_only.value().wants_initrd);
}

TEST(DiskArguments, DirectoryHasNoOtherOptionsAndIsAlone) {
    const std::string folder = testing::TempDir();
    const std::string queues = folder + ",queues=2";
    const auto options = machine({"-d", queues.c_str()});
    ASSERT_FALSE(options.has_value());
    EXPECT_EQ(options.failure().code, ExitCode::usage_error);
    EXPECT_EQ(options.failure().message.find("--disk '" + queues + "': "), 0u);
    const auto two = machine({"-d", folder.c_str(), "-d", "/"});
    ASSERT_FALSE(two.has_value());
    EXPECT_NE(two.failure().message.find("--disk '/': there is a root directory already"),
              std::string::npos);
}

TEST(DiskArguments, FirstDiskIsTheRootWithoutInitrd) {
    const test::TemporaryFile image("disk");
    const std::string read_only = image.path() + ",ro";
    const auto line = [](std::vector<const char*> arguments) {
        const auto config = machine(std::move(arguments));
        EXPECT_TRUE(config.has_value());
        return config.has_value() ? config.value().command_line : "";
    };
    EXPECT_TRUE(line({"-d", image.path().c_str()}).ends_with(" root=/dev/vda rw"));
    EXPECT_TRUE(line({"-d", read_only.c_str()}).ends_with(" root=/dev/vda ro"));
    EXPECT_EQ(line({"-d", read_only.c_str(), "-i", "initrd"}).find("root="), std::string::npos);
    EXPECT_TRUE(line({"-d", read_only.c_str(), "-p", "root=/dev/vdb"}).ends_with("root=/dev/vdb"));
    EXPECT_TRUE(line({"-d", read_only.c_str(), "-p", "nfsroot=1"})
                    .ends_with(" root=/dev/vda ro nfsroot=1"));
    EXPECT_EQ(line({"-d", read_only.c_str(), "--nodefaults"}), "");
    EXPECT_EQ(line({}).find("root="), std::string::npos);
}

TEST(DiskArguments, InitrdIsWantedForARootOnly) {
    EXPECT_TRUE(machine({"-d", "x"}).value().wants_initrd);
    EXPECT_FALSE(machine({"-d", "x", "-i", "initrd"}).value().wants_initrd);
    EXPECT_FALSE(machine({"-d", "x", "--nodefaults"}).value().wants_initrd);
    EXPECT_FALSE(machine({}).value().wants_initrd);
}

}  // namespace
}  // namespace lkvm::vmm
