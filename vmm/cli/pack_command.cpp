// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/pack_command.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <variant>

#include <lkvm/bundle.hpp>

#include "loongarch/boot/boot_layout.hpp"
#include "loongarch/boot/bundle_reader.hpp"
#include "loongarch/boot/crc32.hpp"
#include "loongarch/platform/device_tree.hpp"
#include "vmm/boot/kernel_file.hpp"
#include "vmm/cli/command_line.hpp"
#include "vmm/host/output_file.hpp"
#include "vmm/machine/ram_plan.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

constexpr unsigned max_zone_cpus = bundle::max_zone_cpus;

Outcome<MachineConfig> parse_zone(const std::string& name, std::vector<const char*> options) {
    options.insert(options.begin(), {"lkvm", "run"});
    const Outcome<Command> command = parse_command_line(options);
    if (!command.has_value()) {
        return Failure{command.failure().code,
                       text("--zone '", name, "': ", command.failure().message)};
    }
    const auto* const run = std::get_if<RunCommand>(&command.value());
    if (run == nullptr) return usage_failure(text("--zone '", name, "': expected options of run"));
    MachineConfig config = run->machine;
    config.name = name;
    return config;
}

Outcome<> check_name(const std::string& name, std::span<const MachineConfig> others) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    if (name.empty() || name.size() >= bundle::name_size || !std::ranges::all_of(name, allowed)) {
        return usage_failure(text("--zone '", name, "': expected a name of at most ",
                                  bundle::name_size - 1, " letters, digits, '-', '_' and '.'"));
    }
    for (const MachineConfig& other : others) {
        if (other.name == name) return usage_failure(text("--zone '", name, "': given twice"));
    }
    return {};
}

void align(Bytes& bytes) {
    const std::size_t more = bytes.size() % bundle::image_alignment;
    if (more != 0) bytes.resize(bytes.size() + bundle::image_alignment - more);
}

/// Appends an image to `bytes`, which begin at `start` of the file.
bundle::Image append(Bytes& bytes, std::uint64_t start, std::span<const std::byte> image) {
    align(bytes);
    const bundle::Image place{.offset = start + bytes.size(),
                              .size = image.size(),
                              .crc = la::crc32(image),
                              .reserved = {}};
    bytes.insert(bytes.end(), image.begin(), image.end());
    return place;
}

Outcome<bundle::Zone> describe(const MachineConfig& config, const RamBanks& banks) {
    bundle::Zone zone{};
    std::ranges::copy(config.name, zone.name.begin());
    if (config.cpu_count > max_zone_cpus) {
        return usage_failure(text("--zone '", config.name, "': --cpus ", config.cpu_count,
                                  ": at most ", max_zone_cpus, " are possible"));
    }
    zone.cpu_count = config.cpu_count;
    zone.bank_count = static_cast<std::uint32_t>(banks.size());
    for (std::size_t i = 0; i < banks.size(); ++i) {
        zone.banks[i] = {banks.all()[i].base.value, banks.all()[i].size};
    }
    if (config.load_address.has_value()) {
        zone.flags = bundle::zone_flags::load_address;
        zone.load_address = *config.load_address;
    }
    if (config.command_line.size() >= zone.command_line.size()) {
        return usage_failure(text("--zone '", config.name, "': the command line has ",
                                  config.command_line.size(), " characters, at most ",
                                  zone.command_line.size() - 1, " are possible"));
    }
    std::ranges::copy(config.command_line, zone.command_line.begin());
    return zone;
}

/// What the hypervisor would find out at boot: that kernel and initrd fit.
Outcome<> check_layout(const MachineConfig& config, const RamBanks& banks, const Kernel& kernel,
                       std::uint64_t initrd) {
    la::BootSizes sizes;
    sizes.initrd = initrd;
    if (config.load_address.has_value()) sizes.load_address = Gpa{*config.load_address};
    sizes.device_tree = la::device_tree_buffer_size;
    const auto layout = la::plan_boot(banks, kernel.image, sizes);
    if (layout.has_value()) return {};
    return setup_failure(text("--zone '", config.name, "': ", boot_fault_text(layout.error())));
}

}  // namespace

Outcome<PackCommand> parse_pack(std::span<const char* const> arguments) {
    PackCommand command;
    std::string zone;
    bool in_zone = false;
    std::vector<const char*> options;
    const auto end_zone = [&]() -> Outcome<> {
        if (!in_zone) return {};
        LKVM_CHECK(check_name(zone, command.zones));
        command.zones.push_back(LKVM_CHECK(parse_zone(zone, options)));
        options.clear();
        return {};
    };
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (word == "--zone" || (!in_zone && (word == "-o" || word == "--output"))) {
            if (i + 1 == arguments.size()) return usage_failure(text(word, ": expected a value"));
            if (word == "--zone") {
                LKVM_CHECK(end_zone());
                in_zone = true;
                zone = arguments[++i];
            } else {
                command.output = arguments[++i];
            }
        } else if (in_zone) {
            options.push_back(arguments[i]);
        } else {
            return usage_failure(text("pack '", word, "': expected -o FILE and --zone NAME first"));
        }
    }
    LKVM_CHECK(end_zone());
    if (command.output.empty()) return usage_failure("pack: no output, expected -o FILE");
    if (command.zones.empty() || command.zones.size() > bundle::max_zones) {
        return usage_failure(
            text("pack: ", command.zones.size(), " zones, expected 1 to ", bundle::max_zones));
    }
    return command;
}

Outcome<> pack(const PackCommand& command) {
    const std::size_t records = command.zones.size() * sizeof(bundle::Zone);
    std::vector<bundle::Zone> zones;
    Bytes images;
    const std::size_t head = sizeof(bundle::Header) + records;
    const std::size_t start =
        (head + bundle::image_alignment - 1) / bundle::image_alignment * bundle::image_alignment;
    for (const MachineConfig& config : command.zones) {
        const RamPlan plan = LKVM_CHECK(plan_ram(config.memory, la::zone_address_limit));
        zones.push_back(LKVM_CHECK(describe(config, plan.banks)));
        const InputFile kernel_file = LKVM_CHECK(InputFile::open("--kernel", config.kernel));
        const Kernel kernel = LKVM_CHECK(read_kernel(kernel_file));
        zones.back().kernel = append(images, start, kernel.bytes);
        Bytes initrd;
        if (!config.initrd.empty()) {
            const InputFile file = LKVM_CHECK(InputFile::open("--initrd", config.initrd));
            initrd = LKVM_CHECK(file.read_all(plan.banks.total_size()));
            zones.back().initrd = append(images, start, initrd);
        }
        LKVM_CHECK(check_layout(config, plan.banks, kernel, initrd.size()));
    }
    Bytes file(start);
    std::memcpy(file.data() + sizeof(bundle::Header), zones.data(), records);
    file.insert(file.end(), images.begin(), images.end());
    bundle::Header header{.magic = bundle::magic,
                          .version = bundle::version,
                          .zone_count = static_cast<std::uint32_t>(zones.size()),
                          .size = file.size(),
                          .zone_size = sizeof(bundle::Zone),
                          .crc = {},
                          .reserved = {}};
    header.crc =
        la::crc32(std::as_bytes(std::span{zones}), la::crc32(std::as_bytes(std::span{&header, 1})));
    std::memcpy(file.data(), &header, sizeof(header));
    return write_output_file("-o", command.output, file);
}

}  // namespace lkvm::vmm
