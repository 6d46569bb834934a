// SPDX-License-Identifier: GPL-2.0-or-later
// Faults of bundles in words, for `lkvm pack` and for the hypervisor's console.
#include "loongarch/boot/bundle_fault.hpp"

namespace lkvm::la {
namespace {

/// Only what a name may consist of: the record may be anything.
void add_name(BundleText& text, const bundle::Name& name) {
    text.add("'");
    for (const char c : bundle::text_of(name)) {
        const bool printable = c > ' ' && c <= '~';
        text.add(printable ? std::string_view{&c, 1} : "?");
    }
    text.add("'");
}

void add_disk(BundleText& text, const bundle::Zone& zone, const BundleItem& item) {
    text.add("disk ").add_number(item.index);
    if (item.index >= zone.disks.size()) return;
    const bundle::Disk& disk = zone.disks[item.index];
    if (disk.kind != static_cast<std::uint32_t>(bundle::DiskKind::board)) return;
    text.add(" (sectors ").add_number(item.first).add("-").add_number(item.last);
    text.add(" of the board's disk ").add_number(disk.board_disk).add(")");
}

void add_item(BundleText& text, const BundleItem& item, std::span<const bundle::Zone> zones) {
    if (item.part == BundlePart::file || item.zone >= zones.size()) {
        text.add("the bundle");
        return;
    }
    const bundle::Zone& zone = zones[item.zone];
    text.add("zone ");
    add_name(text, zone.name);
    if (item.part == BundlePart::zone) return;
    text.add(" ");
    switch (item.part) {
        case BundlePart::cpu:
            text.add("CPU ").add_number(item.index);
            return;
        case BundlePart::bank:
            text.add("memory bank ").add_range(item.first, item.last);
            return;
        case BundlePart::kernel:
            text.add("kernel");
            return;
        case BundlePart::initrd:
            text.add("initrd");
            return;
        case BundlePart::disk:
            add_disk(text, zone, item);
            return;
        case BundlePart::port:
            text.add("network interface ").add_number(item.index);
            return;
        case BundlePart::region:
            text.add("shared memory ");
            if (item.index < zone.regions.size()) add_name(text, zone.regions[item.index].name);
            text.add(" at ").add_range(item.first, item.last);
            return;
        case BundlePart::passed:
            text.add("passed-through range ").add_range(item.first, item.last);
            return;
        case BundlePart::interrupt:
            text.add("passed-through interrupt ").add_number(item.first);
            return;
        case BundlePart::command_line:
            text.add("command line");
            return;
        case BundlePart::control:
            text.add("control");
            return;
        default:
            return;
    }
}

struct Phrase {
    BundleProblem problem;
    std::string_view text;
    bool other = false;
    bool value = false;
    bool limit = false;
};

constexpr Phrase phrases[] = {
    {BundleProblem::none, "is good"},
    {BundleProblem::no_bundle, "was not made by 'lkvm pack'"},
    {BundleProblem::version, "is of another version than 2:", false, true},
    {BundleProblem::truncated, "is truncated: it ends before what its header promises"},
    {BundleProblem::damaged, "is damaged: its checksum is wrong"},
    {BundleProblem::unknown, "has something that this version does not know:", false, true},
    {BundleProblem::count, "has too few or too many parts:", false, true, true},
    {BundleProblem::name, "has a name that is none"},
    {BundleProblem::text, "has a text without end"},
    {BundleProblem::empty, "is empty"},
    {BundleProblem::outside_file, "lies outside of the bundle"},
    {BundleProblem::misaligned, "is not aligned", false, false, true},
    {BundleProblem::beyond, "is outside of the maximum IPA"},
    {BundleProblem::mmio_area, "is overlapping with the MMIO area"},
    {BundleProblem::platform, "is overlapping with a device of the platform"},
    {BundleProblem::overlap, "is overlapping with", true},
    {BundleProblem::taken, "belongs already to", true},
    {BundleProblem::same_name, "has the same name as", true},
    {BundleProblem::size_differs, "has another size than", true},
    {BundleProblem::same_mac, "has the same MAC address as", true},
    {BundleProblem::mac, "has a MAC address that is none"},
    {BundleProblem::pin, "has an input of the interrupt controller that is not free:", false, true},
    {BundleProblem::no_such_cpu, "does not exist on this board"},
    {BundleProblem::too_few_cpus, "wants more CPUs than are left on this board, which has", false,
     true},
};

}  // namespace

BundleText bundle_fault_text(const BundleFault& fault) {
    BundleText text;
    add_item(text, fault.item, fault.zones);
    for (const Phrase& phrase : phrases) {
        if (phrase.problem != fault.problem) continue;
        text.add(" ").add(phrase.text);
        if (phrase.value) text.add(" ").add_number(fault.value);
        if (phrase.limit) {
            text.add(fault.problem == BundleProblem::misaligned ? " to a multiple of "
                                                                : ", at most ");
            text.add_number(fault.limit);
        }
        if (phrase.other) {
            text.add(" ");
            add_item(text, fault.other, fault.zones);
        }
    }
    return text;
}

}  // namespace lkvm::la
