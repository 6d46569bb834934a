// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/pack_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <variant>

#include "tests/unit/boot/image_builder.hpp"
#include "tests/unit/vmm/temporary_file.hpp"
#include "vmm/cli/command_line.hpp"
#include "vmm/json/json.hpp"
#include "vmm/zones/bundle_file.hpp"
#include "vmm/zones/bundle_printer.hpp"

#include <sys/stat.h>

namespace lkvm::test {
namespace {

using testing::HasSubstr;
using Words = std::vector<const char*>;

Words operator+(Words a, const Words& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// Usage failure of `lkvm pack -o out --zone z -k kernel` with more options.
std::string refused(const Words& options) {
    const auto command =
        vmm::parse_pack(Words{"-o", "out", "--zone", "z", "-k", "kernel"} + options);
    if (command.has_value()) return "";
    EXPECT_EQ(command.failure().code, vmm::ExitCode::usage_error);
    return command.failure().message;
}

std::string file_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A folder with a kernel and an initrd, and an output.
class Pack : public testing::Test {
protected:
    /// What goes wrong; empty: nothing.
    std::string pack(const Words& words) {
        const auto command = vmm::parse_pack(Words{"-o", output_.path().c_str()} + words);
        if (!command.has_value()) return command.failure().message;
        vmm::StderrLog log(LogLevel::error);
        const auto done = vmm::pack(command.value(), log);
        return done.has_value() ? "" : done.failure().message;
    }
    [[nodiscard]] Words zone(const char* name) const {
        return {"--zone", name, "-k", kernel_.path().c_str(), "-m", "64"};
    }
    [[nodiscard]] std::string check() const {
        const auto file = vmm::BundleFile::open("--check", output_.path());
        if (!file.has_value()) return file.failure().message;
        const auto images = file.value().check_images();
        return images.has_value() ? "" : images.failure().message;
    }

    const TemporaryFile kernel_{make_pe()};
    const TemporaryFile initrd_{std::string(5000, 'i')};
    const TemporaryFile disk_{std::string(4097, 'd')};
    const TemporaryFile output_{"old"};
};

TEST(PackCommand, ZonesTakeOptionsOfRunThatTheyHave) {
    const auto command =
        vmm::parse_pack(Words{"-o",
                              "out",
                              "--zone",
                              "a",
                              "-k",
                              "kernel",
                              "-i",
                              "initrd",
                              "-m",
                              "64@0x90000000",
                              "-c",
                              "2",
                              "-p",
                              "quiet",
                              "--rng",
                              "--console",
                              "virtio",
                              "--load",
                              "0x90400000",
                              "-d",
                              "file,ro,serial=s1",
                              "-d",
                              "board=1,first=8,count=16,serial=s2",
                              "-n",
                              "mode=zones,net=lan,mac=02:00:00:00:00:01,mtu=9000",
                              "--shm",
                              "box,64K@0xc0000000,ro",
                              "--pass",
                              "0x10080000-16K,irq=3:7,at=0x11000000,compatible=vendor,uart,dma",
                              "--pin",
                              "3,4",
                              "--control",
                              "--no-autostart",
                              "--zone",
                              "b",
                              "kernel"});
    ASSERT_TRUE(command.has_value()) << command.failure().message;
    ASSERT_EQ(command.value().request.zones.size(), 2u);
    const vmm::ZoneConfig& zone = command.value().request.zones[0];
    EXPECT_EQ(zone.machine.name, "a");
    EXPECT_EQ(zone.machine.command_line, "console=hvc0 earlycon quiet");
    EXPECT_TRUE(zone.machine.devices.rng);
    EXPECT_EQ(zone.machine.load_address, 0x90400000u);
    ASSERT_EQ(zone.disks.size(), 2u);
    EXPECT_EQ(zone.disks[0].path, "file");
    EXPECT_TRUE(zone.disks[0].read_only);
    EXPECT_EQ(zone.disks[1].board_disk, 1u);
    EXPECT_EQ(zone.disks[1].first_sector, 8u);
    EXPECT_EQ(zone.disks[1].sector_count, 16u);
    ASSERT_EQ(zone.ports.size(), 1u);
    EXPECT_EQ(zone.ports[0].network, "lan");
    EXPECT_EQ(zone.ports[0].mtu, 9000);
    ASSERT_EQ(zone.regions.size(), 1u);
    EXPECT_EQ(zone.regions[0].size, 0x10000u);
    EXPECT_TRUE(zone.regions[0].read_only);
    ASSERT_EQ(zone.passed.size(), 1u);
    EXPECT_EQ(zone.passed[0].size, 0x4000u);
    EXPECT_EQ(zone.passed[0].guest_base, 0x11000000u);
    EXPECT_EQ(zone.passed[0].guest_pin, 7u);
    EXPECT_TRUE(zone.passed[0].dma);
    EXPECT_EQ(zone.passed[0].compatible, "vendor,uart");
    EXPECT_EQ(zone.cpus, (std::vector<unsigned>{3, 4}));
    EXPECT_TRUE(zone.control);
    EXPECT_TRUE(zone.manual_start);
    EXPECT_TRUE(command.value().request.zones[1].ports.empty());
    EXPECT_FALSE(command.value().request.zones[1].control);
}

TEST(PackCommand, WhatZonesDoNotHaveIsRefusedByName) {
    EXPECT_THAT(refused({"--vsock", "3"}), HasSubstr("--zone 'z': --vsock: not for zones"));
    EXPECT_THAT(refused({"--9p", "/,tag"}), HasSubstr("--9p: not for zones"));
    EXPECT_THAT(refused({"--accel", "soft"}), HasSubstr("--accel: not for zones"));
    EXPECT_THAT(refused({"-n", "mode=user"}), HasSubstr("only mode=zones,net=NAME"));
    EXPECT_THAT(refused({"-n", "mode=zones"}), HasSubstr("go together"));
    EXPECT_THAT(refused({"-n", "mode=zones,net=a,queues=2"}), HasSubstr("only net, mac and mtu"));
    EXPECT_THAT(refused({"-d", "file,queues=2"}), HasSubstr("only the options ro and serial"));
    EXPECT_THAT(refused({"--unknown"}), HasSubstr("--unknown"));
}

TEST(PackCommand, BadValuesAreRefusedWithWhatWouldDo) {
    EXPECT_THAT(refused({"-d", "board=0"}), HasSubstr("count=SECTORS"));
    EXPECT_THAT(refused({"-d", "board=x,count=1"}), HasSubstr("number of a disk"));
    EXPECT_THAT(refused({"-d", "board=0,count=1,what"}), HasSubstr("'what'"));
    EXPECT_THAT(refused({"--shm", "box,64K"}), HasSubstr("NAME,SIZE"));
    EXPECT_THAT(refused({"--shm", "box,64K@0xc0000000,rw"}), HasSubstr("expected ro"));
    EXPECT_THAT(refused({"--pass", "0x1000"}), HasSubstr("BASE-SIZE"));
    EXPECT_THAT(refused({"--pass", "0x10000-16K,irq=x"}), HasSubstr("irq"));
    EXPECT_THAT(refused({"--pass", "0x10000-16K,what"}), HasSubstr("'what'"));
    EXPECT_THAT(refused({"--pin", "1,2"}), HasSubstr("2 CPUs for a zone with 1"));
    EXPECT_THAT(refused({"--pin", "x"}), HasSubstr("numbers of CPUs"));
    EXPECT_THAT(refused({"--pin", "1,"}), HasSubstr("nothing behind the last comma"));
    EXPECT_THAT(refused({"--shm", "box,64K@0xc0000000,"}), HasSubstr("behind the last comma"));
    EXPECT_THAT(refused({"--pass", "0x10080000-0x4000,dma,"}), HasSubstr("behind the last comma"));
    EXPECT_THAT(refused({"-d", "board=0,first=0,count=8,"}), HasSubstr("behind the last comma"));
}

TEST(PackCommand, EverythingElseIsRefusedToo) {
    const auto refusal = [](const Words& words) {
        const auto command = vmm::parse_pack(words);
        return command.has_value() ? "" : command.failure().message;
    };
    EXPECT_THAT(refusal({}), HasSubstr("no output"));
    EXPECT_THAT(refusal({"-o"}), HasSubstr("expected a value"));
    EXPECT_THAT(refusal({"-o", "x"}), HasSubstr("0 zones"));
    EXPECT_THAT(refusal({"-k", "x"}), HasSubstr("pack '-k'"));
    EXPECT_THAT(refusal({"--check", "x", "-o", "y"}), HasSubstr("make nothing"));
    EXPECT_THAT(refusal({"-o", "x", "--zone", "a", "-k", "k", "--zone", "a", "-k", "k"}),
                HasSubstr("given twice"));
    EXPECT_THAT(refusal({"-o", "x", "--zone", "a b", "-k", "k"}), HasSubstr("expected a name"));
    EXPECT_THAT(refusal({"-o", "x", "--zone", "a"}), HasSubstr("no kernel"));
    Words many{"-o", "x"};
    std::vector<std::string> names;
    for (int i = 0; i < 17; ++i) names.push_back("z" + std::to_string(i));
    for (const std::string& name : names) many = many + Words{"--zone", name.c_str(), "-k", "k"};
    EXPECT_THAT(refusal(many), HasSubstr("17 zones, expected 1 to 16"));
}

TEST_F(Pack, WhatWasPackedIsReadBack) {
    const char* const disk = disk_.path().c_str();
    ASSERT_EQ(
        pack(zone("a") +
             Words{"-i", initrd_.path().c_str(), "-d", disk, "-n", "mode=zones,net=lan", "--rng"} +
             zone("b") + Words{"-d", disk, "-n", "mode=zones,net=lan"}),
        "");
    EXPECT_EQ(check(), "");
    const auto file = vmm::BundleFile::open("--print", output_.path());
    ASSERT_TRUE(file.has_value());
    const auto zones = file.value().zones();
    ASSERT_EQ(zones.size(), 2u);
    EXPECT_EQ(file.value().read_image(zones[0].kernel).value(), make_pe());
    EXPECT_EQ(zones[0].kernel.offset, zones[1].kernel.offset);
    EXPECT_EQ(zones[0].initrd.size, 5000u);
    // Each gets a disk of its own, in whole pages.
    EXPECT_NE(zones[0].disks[0].image.offset, zones[1].disks[0].image.offset);
    const auto bytes = file.value().read_image(zones[1].disks[0].image).value();
    ASSERT_EQ(bytes.size(), 8192u);
    EXPECT_EQ(bytes[4096], std::byte{'d'});
    EXPECT_EQ(bytes[4097], std::byte{});
    EXPECT_NE(zones[0].ports[0].mac, zones[1].ports[0].mac);
    EXPECT_TRUE(file.value().find("b").has_value());
    EXPECT_THAT(file.value().find("c").failure().message, HasSubstr("which has a, b"));
}

TEST_F(Pack, ConflictsOfZonesNameBothSides) {
    const Words network{"-n", "mode=zones,net=lan,mac=02:00:00:00:00:01"};
    EXPECT_EQ(pack(zone("a") + network + zone("b") + network),
              "zone 'b' network interface 0 has the same MAC address as zone 'a' network interface "
              "0");
    EXPECT_EQ(pack(zone("a") + Words{"--pin", "1"} + zone("b") + Words{"--pin", "1"}),
              "zone 'b' CPU 1 belongs already to zone 'a'");
    EXPECT_THAT(pack(zone("a") + Words{"-m", "64"}), HasSubstr("--zone 'a': Base address"));
    EXPECT_THAT(pack({"--zone", "a", "-k", kernel_.path().c_str(), "-m", "1"}),
                HasSubstr("--zone 'a': kernel image too big"));
    EXPECT_THAT(pack(zone("a") + Words{"-d", "/nonexistent"}), HasSubstr("--disk '/nonexistent'"));
    // Nothing of this touched the output.
    EXPECT_EQ(file_text(output_.path()), "old");
    for (const auto& entry : std::filesystem::directory_iterator(testing::TempDir())) {
        EXPECT_FALSE(entry.path().string().starts_with(output_.path() + '.')) << entry.path();
    }
}

TEST_F(Pack, PassedThroughDevicesGetFreePins) {
    ASSERT_EQ(pack(zone("a") + Words{"--pass", "0x11000000-16K,irq=1", "--pass",
                                     "0x12000000-16K,irq=2:3", "--pass", "0x13000000-16K,irq=3"}),
              "");
    const auto file = vmm::BundleFile::open("--print", output_.path());
    ASSERT_TRUE(file.has_value());
    const bundle::Zone& zone = file.value().zones()[0];
    EXPECT_EQ(zone.passed[0].guest_pin, 4u);
    EXPECT_EQ(zone.passed[1].guest_pin, 3u);
    EXPECT_EQ(zone.passed[2].guest_pin, 5u);
}

TEST_F(Pack, ReplacesNeitherDevicesNorLinks) {
    namespace fs = std::filesystem;
    const std::string fifo = output_.path() + "-fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(pack(Words{"-o", fifo.c_str()} + zone("a")),
              "-o '" + fifo + "': is not a regular file");
    EXPECT_TRUE(fs::is_fifo(fifo));
    fs::remove(fifo);
    const std::string link = output_.path() + "-link";
    fs::create_symlink(output_.path(), link);
    EXPECT_EQ(pack(Words{"-o", link.c_str()} + zone("a")), "");
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(check(), "");
    fs::remove(link);
    const std::string folder = testing::TempDir();
    EXPECT_EQ(pack(Words{"-o", folder.c_str()} + zone("a")),
              "-o '" + folder + "': is a directory, expected a file");
}

TEST_F(Pack, DamageIsFoundAndNamed) {
    ASSERT_EQ(pack(zone("a") + Words{"-d", disk_.path().c_str()}), "");
    const std::string good = file_text(output_.path());
    const auto damage = [&](std::size_t at) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 1);
        std::ofstream(output_.path(), std::ios::binary) << bad;
        return check();
    };
    EXPECT_THAT(damage(0), HasSubstr("was not made by 'lkvm pack'"));
    EXPECT_THAT(damage(100), HasSubstr("damaged"));
    EXPECT_THAT(damage(good.size() - 1), HasSubstr("zone 'a' disk 0 is damaged"));
    std::ofstream(output_.path(), std::ios::binary) << good.substr(0, good.size() - 1);
    EXPECT_THAT(check(), HasSubstr("truncated"));
    std::ofstream(output_.path(), std::ios::binary) << good;
    EXPECT_EQ(check(), "");
}

TEST_F(Pack, PrintsForPeopleAndPrograms) {
    ASSERT_EQ(pack(zone("a") + Words{"--control", "--shm", "box,64K@0xc0000000"}), "");
    const auto file = vmm::BundleFile::open("--print", output_.path());
    ASSERT_TRUE(file.has_value());
    const std::string text = vmm::print_bundle(file.value().zones());
    EXPECT_THAT(text, HasSubstr("zone a\n"));
    EXPECT_THAT(text, HasSubstr("64M@0x90000000"));
    EXPECT_THAT(text, HasSubstr("box, 64K@0xc0000000"));
    const auto json = vmm::Json::parse(vmm::print_bundle_json(file.value().zones()));
    ASSERT_TRUE(json.has_value());
    const vmm::Json& zone = (*json->find("zones")->array())[0];
    EXPECT_EQ(zone.member_text("name"), "a");
    EXPECT_EQ(zone.member_text("control"), "true");
    EXPECT_EQ((*zone.find("memory")->array())[0].member_text("size"), "67108864");
}

/// An image as the hypervisor's, `pe_sections` of them in its PE header.
Image hypervisor_image(unsigned pe_sections) {
    Image image = make_pe({.memory_size = 0x8000, .file_size = 0x3000});
    put<std::uint16_t>(image, 0x46, static_cast<std::uint16_t>(pe_sections));
    put<std::uint32_t>(image, 0x58 + 32, 0x1000);  // section alignment
    put<std::uint32_t>(image, 0x58 + 56, 0x8000);  // image size
    put<std::uint32_t>(image, 0x58 + 60, 0x400);   // headers' size
    return image;
}

template<class T>
T at(const std::string& file, std::size_t offset) {
    T value{};
    std::memcpy(&value, file.data() + offset, sizeof(value));
    return value;
}

TEST_F(Pack, BundleBehindAnImageIsFoundByLoaderAndHypervisor) {
    const TemporaryFile image(hypervisor_image(1));
    ASSERT_EQ(pack(Words{"--image", image.path().c_str()} + zone("a")), "");
    EXPECT_EQ(check(), "");
    const std::string file = file_text(output_.path());
    EXPECT_EQ(at<std::uint64_t>(file, bundle::image_bundle_offset), 0x8000u);
    EXPECT_EQ(at<std::uint64_t>(file, 0x8000), bundle::magic);
    EXPECT_EQ(at<std::uint64_t>(file, 0x10), file.size());
    EXPECT_EQ(at<std::uint16_t>(file, 0x46), 2u);
    EXPECT_EQ(at<std::uint32_t>(file, 0x58 + 56), file.size());
    const std::size_t section = 0x58 + 0xa0 + 40;
    EXPECT_EQ(file.substr(section, 7), ".bundle");
    EXPECT_EQ(at<std::uint32_t>(file, section + 8), file.size() - 0x8000);
    EXPECT_EQ(at<std::uint32_t>(file, section + 12), 0x8000u);
    EXPECT_EQ(at<std::uint32_t>(file, section + 16), file.size() - 0x8000);
    EXPECT_EQ(at<std::uint32_t>(file, section + 20), 0x8000u);
    // What the image's file leaves out of its memory is zero, not bundle.
    EXPECT_EQ(file.substr(0x3000, 0x5000), std::string(0x5000, '\0'));

    // The same again takes the bundle's place.
    const TemporaryFile first(file);
    ASSERT_EQ(pack(Words{"--image", first.path().c_str()} + zone("a") + zone("b")), "");
    EXPECT_EQ(check(), "");
    const std::string again = file_text(output_.path());
    EXPECT_EQ(at<std::uint64_t>(again, bundle::image_bundle_offset), 0x8000u);
    EXPECT_EQ(at<std::uint16_t>(again, 0x46), 2u);
}

TEST_F(Pack, ImagesThatAreNoneAreRefused) {
    const auto with_image = [&](const Image& bytes) {
        const TemporaryFile image(bytes);
        return pack(Words{"--image", image.path().c_str()} + zone("a"));
    };
    EXPECT_THAT(with_image(make_elf()), HasSubstr("expected lkvm-zones.efi"));
    EXPECT_THAT(with_image(Image(10)), HasSubstr("expected lkvm-zones.efi"));
    EXPECT_THAT(with_image(hypervisor_image(21)), HasSubstr("no room for the bundle"));
    EXPECT_THAT(with_image(hypervisor_image(2000)), HasSubstr("PE header is damaged"));
    Image crooked = hypervisor_image(1);
    put<std::uint64_t>(crooked, 0x10, 0x8001);
    EXPECT_THAT(with_image(crooked), HasSubstr("damaged"));
    put<std::uint64_t>(crooked, 0x10, 0x2000);
    EXPECT_THAT(with_image(crooked), HasSubstr("longer than its header says"));
}

TEST(PackCommand, IsACommandOfItsOwnWithHelp) {
    const auto help = vmm::parse_command_line(Words{"lkvm", "help", "pack"});
    ASSERT_TRUE(help.has_value());
    EXPECT_THAT(std::get<vmm::PrintText>(help.value()).text, HasSubstr("--shm"));
    EXPECT_TRUE(vmm::parse_command_line(Words{"lkvm", "pack", "--print", "x"}).has_value());
}

}  // namespace
}  // namespace lkvm::test
