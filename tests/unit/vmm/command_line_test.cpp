// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "tests/unit/vmm/temporary_file.hpp"
#include "vmm/machine/choose_backend.hpp"

namespace lkvm::test {
namespace {

using testing::HasSubstr;

vmm::Outcome<vmm::Command> parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "lkvm");
    return vmm::parse_command_line(arguments);
}

vmm::RunCommand run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "run");
    auto command = parse(std::move(arguments));
    EXPECT_TRUE(command.has_value()) << command.failure().message;
    return std::get<vmm::RunCommand>(command.value());
}

std::string failure(std::vector<const char*> arguments) {
    const auto command = parse(std::move(arguments));
    if (command.has_value()) return "";
    EXPECT_EQ(command.failure().code, vmm::ExitCode::usage_error);
    EXPECT_EQ(command.failure().message.find('\n'), std::string::npos);
    return command.failure().message;
}

std::string output(std::vector<const char*> arguments) {
    auto command = parse(std::move(arguments));
    EXPECT_TRUE(command.has_value());
    return std::get<vmm::PrintText>(command.value()).text;
}

TEST(CommandLine, TakesShortAndLongOptions) {
    const auto shorts = run({"-k", "kernel", "-i", "initrd", "-m", "512@0x90000000", "-c", "2",
                             "-p", "quiet", "--name", "box"});
    const auto longs = run({"--kernel", "kernel", "--initrd=initrd", "--mem", "512@0x90000000",
                            "--cpus=2", "--params", "quiet", "--name=box"});
    for (const auto& machine : {shorts.machine, longs.machine}) {
        EXPECT_EQ(machine.kernel, "kernel");
        EXPECT_EQ(machine.initrd, "initrd");
        ASSERT_EQ(machine.memory.size(), 1u);
        EXPECT_EQ(machine.memory[0].base, 0x90000000u);
        EXPECT_EQ(machine.cpu_count, 2u);
        EXPECT_EQ(machine.name, "box");
        EXPECT_EQ(machine.command_line, "console=ttyS0 earlycon quiet");
    }
}

TEST(CommandLine, ADirectoryAsDiskIsTheRootFileSystem) {
    const std::string folder = testing::TempDir();
    const auto root = run({"-k", "kernel", "-d", folder.c_str()}).machine;
    EXPECT_TRUE(root.devices.disks.empty());
    ASSERT_EQ(root.devices.shares.size(), 1u);
    EXPECT_EQ(root.devices.shares[0].tag, "/dev/root");
    EXPECT_FALSE(root.devices.shares[0].read_only);
    EXPECT_THAT(root.command_line, HasSubstr("root=/dev/root rootfstype=9p"));
    EXPECT_THAT(root.command_line, HasSubstr(" rw"));
    const std::string read_only = folder + ",ro";
    const auto other = run({"-k", "kernel", "-d", read_only.c_str(), "-p", "quiet"}).machine;
    EXPECT_TRUE(other.devices.shares.at(0).read_only);
    EXPECT_THAT(other.command_line, testing::EndsWith(" ro quiet"));
    EXPECT_EQ(run({"-k", "kernel", "--nodefaults", "-d", folder.c_str()}).machine.command_line, "");
    EXPECT_THAT(failure({"run", "-k", "kernel", "-d", folder.c_str(), "-d", folder.c_str()}),
                HasSubstr("there is a root directory already"));
}

vmm::ControlCommand control(std::vector<const char*> arguments) {
    auto command = parse(std::move(arguments));
    EXPECT_TRUE(command.has_value()) << command.failure().message;
    return std::get<vmm::ControlCommand>(command.value());
}

TEST(CommandLine, NamesGuestsInThreeWays) {
    EXPECT_EQ(control({"stop", "box"}).name, "box");
    EXPECT_EQ(control({"pause", "-n", "box"}).name, "box");
    EXPECT_EQ(control({"debug", "box", "-d"}).action, "debug");
    EXPECT_EQ(control({"debug", "-n", "box", "-s", "t"}).sysrq, "t");
    EXPECT_EQ(control({"stat", "--name=box"}).action, "stat");
    EXPECT_TRUE(control({"resume", "--all"}).all);
    EXPECT_EQ(control({"list"}).action, "list");
    EXPECT_THAT(failure({"stop"}), HasSubstr("expected the name of a guest or --all"));
    EXPECT_THAT(failure({"stop", "box", "-a"}), HasSubstr("expected the name"));
    EXPECT_FALSE(failure({"list", "box"}).empty());
}

TEST(CommandLine, BalloonWantsExactlyOneSize) {
    EXPECT_EQ(control({"balloon", "box", "100"}).size, "100");
    EXPECT_EQ(control({"balloon", "-n", "box", "1G"}).size, "1G");
    EXPECT_EQ(control({"balloon", "box", "-i", "1G"}).inflate, "1G");
    EXPECT_EQ(control({"balloon", "-n", "box", "--deflate", "64K"}).deflate, "64K");
    EXPECT_THAT(failure({"balloon", "box"}), HasSubstr("expected one of"));
    EXPECT_THAT(failure({"balloon", "box", "1", "-i", "1"}), HasSubstr("expected one of"));
    EXPECT_THAT(failure({"balloon", "box", "1x"}), HasSubstr("'1x' is not a size"));
}

TEST(CommandLine, HasDefaults) {
    const auto command = run({"-k", "kernel"});
    EXPECT_TRUE(command.machine.initrd.empty());
    EXPECT_TRUE(command.machine.memory.empty());
    EXPECT_EQ(command.machine.cpu_count, 1u);
    EXPECT_EQ(command.machine.command_line, "console=ttyS0 earlycon");
    EXPECT_EQ(command.machine.accelerator, vmm::Accelerator::automatic);
    EXPECT_EQ(command.machine.code_cache_bytes, std::uint64_t{32} << 20);
    EXPECT_FALSE(command.machine.no_reboot);
    EXPECT_FALSE(command.machine.load_address.has_value());
    EXPECT_EQ(command.log_level, LogLevel::info);
    EXPECT_THAT(command.machine.name, HasSubstr("guest-"));
}

TEST(CommandLine, LeavesTheKernelCommandLineAloneWithNodefaults) {
    EXPECT_EQ(run({"-k", "k", "--nodefaults", "-p", " a  b "}).machine.command_line, " a  b ");
    EXPECT_EQ(run({"-k", "k", "--nodefaults"}).machine.command_line, "");
}

TEST(CommandLine, JoinsRepeatedParams) {
    EXPECT_EQ(run({"-k", "k", "-p", "a", "-p", "b c"}).machine.command_line,
              "console=ttyS0 earlycon a b c");
}

TEST(CommandLine, TakesManyBanksAndTheKernelWithoutOption) {
    const auto command = run({"-m", "256@0x90000000", "-m", "1G@4G", "vmlinuz"});
    EXPECT_EQ(command.machine.kernel, "vmlinuz");
    ASSERT_EQ(command.machine.memory.size(), 2u);
    EXPECT_EQ(command.machine.memory[1].base, 0x100000000u);
}

TEST(CommandLine, ChecksEveryValue) {
    EXPECT_EQ(failure({"run"}), "run: no kernel given, expected --kernel FILE");
    EXPECT_EQ(failure({"run", "-k", "k", "-m", "12Q"}),
              "--mem '12Q': expected SIZE[BKMGTP][@ADDRESS[BKMGTP]]");
    EXPECT_EQ(failure({"run", "-k", "k", "-m", "99999999P"}),
              "--mem '99999999P': the size does not fit 64 bits");
    EXPECT_EQ(failure({"run", "-k", "k", "-m", "1@99999999P"}),
              "--mem '1@99999999P': the address does not fit 64 bits");
    EXPECT_EQ(failure({"run", "-k", "k", "-c", "0"}), "--cpus '0': expected a number from 1 to 64");
    EXPECT_EQ(failure({"run", "-k", "k", "-c", "65"}),
              "--cpus '65': expected a number from 1 to 64");
    EXPECT_EQ(failure({"run", "-k", "k", "-c", "two"}),
              "--cpus 'two': expected a number from 1 to 64");
    EXPECT_EQ(failure({"run", "-k", "k", "--code-cache", "1023K"}),
              "--code-cache '1023K': expected a size from 1M to 4G");
    EXPECT_EQ(failure({"run", "-k", "k", "--code-cache", "4097M"}),
              "--code-cache '4097M': expected a size from 1M to 4G");
    EXPECT_EQ(failure({"run", "-k", "k", "--accel", "fast"}),
              "--accel 'fast': expected one of auto, kvm, soft");
    EXPECT_EQ(failure({"run", "-k", "k", "--console", "vga"}),
              "--console 'vga': expected one of serial, virtio");
    EXPECT_EQ(failure({"run", "-k", "k", "--loglevel", "loud"}),
              "--loglevel 'loud': expected one of error, warning, warn, info, debug");
    EXPECT_THAT(failure({"run", "-k", "k", "--load", "here"}), HasSubstr("--load 'here'"));
    EXPECT_THAT(failure({"run", "-k", "k", "--name", "a/b"}), HasSubstr("--name 'a/b'"));
    EXPECT_THAT(failure({"run", "-k", "k", "other"}), HasSubstr("only one kernel"));
}

TEST(CommandLine, RefusesEmptyValuesInsteadOfIgnoringTheirOptions) {
    for (const char* const option :
         {"--kernel", "--initrd", "--cpus", "--name", "--console", "--accel", "--load",
          "--dump-dtb", "--loglevel", "--irqchip", "--trace", "--vsock"}) {
        EXPECT_THAT(failure({"run", "kernel", option, ""}), HasSubstr(option));
    }
    EXPECT_NE(failure({"run", "kernel", "--mem", ""}), "");
    EXPECT_EQ(run({"kernel", "--params", ""}).machine.kernel, "kernel");
}

TEST(CommandLine, RefusesOptionsThatDoNothingWithTheBackend) {
    const std::string nothing = ": does nothing under KVM, expected --accel soft or no such option";
    EXPECT_EQ(failure({"run", "k", "--accel", "kvm", "--lvz"}), "--lvz" + nothing);
    EXPECT_EQ(failure({"run", "k", "--accel", "kvm", "--trace", "t"}), "--trace 't'" + nothing);
    EXPECT_EQ(failure({"run", "k", "--accel", "kvm", "--markers", "m"}), "--markers 'm'" + nothing);
    EXPECT_EQ(failure({"run", "k", "--accel", "kvm", "--debug-single-step"}),
              "--debug-single-step" + nothing);
    EXPECT_EQ(failure({"run", "k", "--accel", "kvm", "--code-cache", "64M"}),
              "--code-cache '64M'" + nothing);
    EXPECT_EQ(failure({"run", "k", "--accel", "soft", "--irqchip", "kernel"}),
              "--irqchip 'kernel': does nothing on the software CPU, expected KVM or auto or user");
    EXPECT_EQ(run({"k", "--accel", "soft", "--irqchip", "user"}).machine.kernel, "k");
    for (const char* const option :
         {"--disable-lsx", "--disable-lasx", "--disable-lbt", "--disable-pmu", "--disable-ptw",
          "--no-steal-time", "--no-pv-ipi"}) {
        EXPECT_EQ(failure({"run", "k", "--accel", "soft", option}),
                  std::string(option) +
                      ": does nothing on the software CPU, expected KVM or no such option");
        EXPECT_EQ(run({"k", "--accel", "kvm", option}).machine.kernel, "k");
        // Later, when it is known what runs the CPUs.
        const auto machine = run({"k", option}).machine;
        EXPECT_TRUE(vmm::check_backend_options(machine, vmm::Accelerator::kvm).has_value());
        EXPECT_FALSE(vmm::check_backend_options(machine, vmm::Accelerator::soft).has_value());
    }
}

TEST(CommandLine, RefusesABalloonOfHugePages) {
    EXPECT_EQ(failure({"run", "k", "--hugetlbfs", "/huge", "--balloon"}),
              "--hugetlbfs '/huge': memory that is reserved as a whole, expected no --balloon");
    EXPECT_EQ(run({"k", "--hugetlbfs", "/huge"}).machine.hugetlbfs, "/huge");
}

TEST(CommandLine, RefusesTheSameThingTwice) {
    EXPECT_EQ(failure({"run", "k", "-c", "2", "-c", "3"}),
              "--cpus: given more than once (see 'lkvm help run')");
    EXPECT_THAT(failure({"pack", "-o", "o", "--zone", "z", "-k", "k", "-k", "l"}),
                HasSubstr("--kernel: given more than once (see 'lkvm help pack')"));
    EXPECT_EQ(failure({"run", "k", "--9p", "a,tag", "--9p", "b,tag"}),
              "--9p 'b,tag': there is another directory of that tag");
    const TemporaryFile image(std::string_view("image"));
    const std::string writable = image.path();
    const std::string read_only = image.path() + ",ro";
    EXPECT_EQ(failure({"run", "k", "-d", read_only.c_str(), "-d", writable.c_str()}),
              "--disk '" + writable + "': the same image twice, expected ro with both");
    const auto both = run({"k", "-d", read_only.c_str(), "-d", read_only.c_str()});
    EXPECT_EQ(both.machine.devices.disks.size(), 2u);
    // What is not there, or no disk, is not the same; that is told when it is opened.
    EXPECT_EQ(run({"k", "-d", "/dev/null", "-d", "/dev/null"}).machine.devices.disks.size(), 2u);
    EXPECT_EQ(run({"k", "-d", "/no/a", "-d", "/no/a"}).machine.devices.disks.size(), 2u);
}

TEST(CommandLine, RefusesATrailingCommaOfDisks) {
    EXPECT_THAT(failure({"run", "k", "-d", "disk.img,"}),
                HasSubstr("--disk 'disk.img,': nothing behind the last comma"));
    EXPECT_NE(failure({"run", "k", "-d", "disk.img,ro,"}), "");
    EXPECT_TRUE(run({"k", "-d", "disk.img,ro"}).machine.devices.disks.at(0).read_only);
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
    EXPECT_THAT(failure({"run", "-k", "k", "--frobnicate"}), HasSubstr("--frobnicate"));
    EXPECT_THAT(failure({"run", "-k", "k", "-k"}), HasSubstr("--kernel"));
    EXPECT_THAT(failure({"dance"}), HasSubstr("dance"));
    EXPECT_THAT(failure({}), HasSubstr("no command given"));
    EXPECT_THAT(failure({"help", "dance"}), HasSubstr("no such command"));
}

TEST(CommandLine, PrintsHelpAndVersion) {
    EXPECT_THAT(output({"help"}), HasSubstr("run"));
    EXPECT_THAT(output({"help", "run"}), HasSubstr("--dump-dtb"));
    EXPECT_EQ(output({"run", "--help"}), output({"help", "run"}));
    EXPECT_THAT(output({"version"}), testing::StartsWith("lkvm "));
    EXPECT_EQ(output({"--version"}), output({"version"}));
}

/// A section of the man page, as plain text.
std::string manual(const std::string& from, const std::string& to) {
    std::ifstream file(LKVM_SOURCE_DIR "/docs/lkvm.1");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    std::erase(text, '\\');
    const std::size_t start = text.find(".SH " + from);
    const std::size_t end = text.find(".SH " + to, start);
    EXPECT_NE(start, std::string::npos) << from;
    EXPECT_NE(end, std::string::npos) << to;
    return start == std::string::npos ? std::string{} : text.substr(start, end - start);
}

/// The options that a help text lists, short ones too.
std::set<std::string> options_in(const std::string& help) {
    const std::regex line(R"(\n +(-[a-z0-9])?,? *(--[a-z0-9-]+)?)");
    std::set<std::string> options;
    for (std::sregex_iterator at(help.begin(), help.end(), line), end; at != end; ++at) {
        for (const std::size_t part : {1u, 2u}) {
            if ((*at)[part].length() > 0) options.insert((*at)[part].str());
        }
    }
    options.erase("-h");
    options.erase("--help");
    return options;
}

void expect_described(const std::set<std::string>& options, const std::string& section) {
    for (const std::string& option : options) {
        EXPECT_TRUE(std::regex_search(section, std::regex("[ \"]" + option + "(?![a-z0-9-])")))
            << option << " is not in docs/lkvm.1";
    }
}

/// The options that a section of the man page gives items to.
std::set<std::string> items_of(const std::string& section) {
    const std::regex item(R"(\.TP\n\.(B|BR) (.*))");
    const std::regex option(R"((^|[ "])(--?[a-z0-9][a-z0-9-]*))");
    std::set<std::string> options;
    for (std::sregex_iterator at(section.begin(), section.end(), item), end; at != end; ++at) {
        const std::string line = (*at)[2].str();
        for (std::sregex_iterator in(line.begin(), line.end(), option); in != end; ++in) {
            options.insert((*in)[2].str());
        }
    }
    return options;
}

void expect_known(const std::set<std::string>& described, const std::set<std::string>& options) {
    for (const std::string& option : described) {
        EXPECT_TRUE(options.contains(option)) << option << " of docs/lkvm.1 is not in the help";
    }
}

TEST(ManPage, DescribesTheOptionsOfEveryOtherCommand) {
    const std::string section = manual("OPTIONS FOR RUNNING GUESTS", "OPTIONS OF RUN");
    std::set<std::string> all;
    for (const std::string& command : vmm::control_actions()) {
        const auto options = options_in(output({"help", command.c_str()}));
        EXPECT_NE(options.contains("--json"), command == "debug") << command;
        expect_described(options, section);
        all.insert(options.begin(), options.end());
    }
    EXPECT_TRUE(all.contains("-a") && all.contains("--deflate"));
    expect_known(items_of(section), all);
    EXPECT_TRUE(options_in(output({"help", "version"})).empty());
    EXPECT_TRUE(options_in(output({"help", "help"})).empty());
    expect_described(options_in(output({"help"})), manual("COMMANDS", "OPTIONS FOR RUNNING"));
}

TEST(ManPage, NamesEveryCommand) {
    const std::string help = output({"help"});
    const std::string section = manual("COMMANDS", "OPTIONS FOR RUNNING");
    const std::regex line(R"(\n  ([a-z]+)  )");
    std::size_t count = 0;
    for (std::sregex_iterator at(help.begin(), help.end(), line), end; at != end; ++at, ++count) {
        const std::string command = (*at)[1].str();
        EXPECT_TRUE(std::regex_search(section, std::regex(R"(\n\.(B|BR) ([^\n]*, " )?)" + command)))
            << command << " is not in docs/lkvm.1";
    }
    EXPECT_EQ(count, vmm::control_actions().size() + 4);  // run, pack, version, help
}

TEST(CommandLine, PointsAtTheHelpOfTheCommand) {
    EXPECT_THAT(failure({"run", "--frobnicate"}), HasSubstr("(see 'lkvm help run')"));
    EXPECT_THAT(failure({"stop", "--frobnicate"}), HasSubstr("(see 'lkvm help stop')"));
    EXPECT_THAT(failure({"--frobnicate"}), HasSubstr("(see 'lkvm help')"));
}

TEST(ManPage, DescribesEveryOptionOfRun) {
    const auto options = options_in(output({"help", "run"}));
    expect_known(items_of(manual("OPTIONS OF RUN", "MEMORY BANKS")), options);
    EXPECT_GT(options.size(), 40u);
    EXPECT_TRUE(options.contains("--9p") && options.contains("-d"));
    expect_described(options, manual("OPTIONS OF RUN", "MEMORY BANKS"));
}

TEST(ManPage, DescribesEveryOptionOfPack) {
    const auto options = options_in(output({"help", "pack"}));
    EXPECT_TRUE(options.contains("--image") && options.contains("--no-autostart"));
    auto shared = options_in(output({"help", "run"}));
    shared.insert(options.begin(), options.end());
    expect_known(items_of(manual("ZONES", "KEYS")), shared);
    expect_described(options, manual("ZONES", "KEYS"));
}

TEST(CommandLine, UnderstandsTheOtherOptions) {
    const auto command =
        run({"-k", "k", "--accel", "soft", "--loglevel", "debug", "--load", "0x98000000",
             "--dump-dtb", "dtb", "--no-reboot", "--trace", "t", "--code-cache", "64"});
    EXPECT_EQ(command.machine.accelerator, vmm::Accelerator::soft);
    EXPECT_EQ(command.log_level, LogLevel::debug);
    EXPECT_EQ(command.machine.load_address, 0x98000000u);
    EXPECT_EQ(command.machine.dump_dtb, "dtb");
    EXPECT_TRUE(command.machine.no_reboot);
    EXPECT_EQ(command.machine.trace_file, "t");
    EXPECT_EQ(command.machine.code_cache_bytes, std::uint64_t{64} << 20);
    EXPECT_EQ(run({"-k", "k", "--debug-single-step"}).machine.trace_file, "/dev/stderr");
}

TEST(CommandLine, TakesFirmwareInsteadOfAKernelOrWithOne) {
    const auto alone = run({"--firmware", "code.fd"}).machine;
    EXPECT_EQ(alone.firmware, "code.fd");
    EXPECT_EQ(alone.variables, "");
    EXPECT_EQ(alone.kernel, "");
    const auto both = run({"--firmware", "code.fd,vars=v.fd", "-k", "kernel", "-i", "initrd"});
    EXPECT_EQ(both.machine.firmware, "code.fd");
    EXPECT_EQ(both.machine.variables, "v.fd");
    EXPECT_EQ(both.machine.kernel, "kernel");
    // A bare earlycon would have Linux look for a device tree.
    EXPECT_EQ(both.machine.command_line, "console=ttyS0 earlycon=uart8250,mmio,0x1fe001e0");
}

TEST(CommandLine, RefusesWhatFirmwareCannotUse) {
    EXPECT_EQ(failure({"run", "--firmware", "f", "-i", "i"}),
              "--initrd: firmware is given this with a kernel, expected --kernel FILE");
    EXPECT_EQ(failure({"run", "--firmware", "f", "-p", "quiet"}),
              "--params: firmware is given this with a kernel, expected --kernel FILE");
    EXPECT_EQ(failure({"run", "--firmware", "f", "-k", "k", "--load", "0x90200000"}),
              "--load '0x90200000': firmware chooses where the kernel goes, expected no such "
              "option");
    EXPECT_EQ(failure({"run", "--firmware", "f,var=v"}),
              "--firmware 'f,var=v': 'var=v' is no option of it, expected vars=FILE");
    EXPECT_EQ(failure({"run", "--firmware", ",vars=v"}),
              "--firmware ',vars=v': expected FILE[,vars=FILE]");
    EXPECT_EQ(failure({"run", "--firmware", "f,vars=v,"}),
              "--firmware 'f,vars=v,': nothing behind the last comma");
    EXPECT_EQ(failure({"run", "--firmware", "f", "--bundle", "b", "--zone", "z"}),
              "--firmware 'f': a zone of a bundle starts without firmware, expected no such "
              "option");
}

}  // namespace
}  // namespace lkvm::test
