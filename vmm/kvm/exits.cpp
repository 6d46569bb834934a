// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/kvm/exits.hpp"

#include <cstring>
#include <string_view>

#include "vmm/text.hpp"

namespace lkvm::vmm::kvm {
namespace {

std::uint64_t value_of(const Run& run) {
    std::uint64_t value = 0;
    std::memcpy(&value, run.access.data, run.access.length);
    return value;
}

void answer(Run& run, std::uint64_t value) {
    std::memcpy(run.access.data, &value, run.access.length);
}

bool valid_length(const Run& run) {
    const std::uint32_t length = run.access.length;
    return length == 1 || length == 2 || length == 4 || length == 8;
}

}  // namespace

ExitOutcome handle_exit(Run& run, unsigned cpu, const ExitServices& services) {
    switch (static_cast<Exit>(run.exit_reason)) {
        case Exit::mmio: {
            if (!valid_length(run)) return ExitOutcome::unknown;
            const Gpa where{run.access.address};
            // RAM reported as a device: the host could not fault the page in.
            if (services.ram.find(where) != nullptr) return ExitOutcome::host_memory;
            if (run.access.is_write != 0) {
                services.bus.write(where, run.access.length, value_of(run));
            } else {
                answer(run, services.bus.read(where, run.access.length));
            }
            return ExitOutcome::resume;
        }
        case Exit::iocsr: {
            if (!valid_length(run)) return ExitOutcome::unknown;
            const auto address = static_cast<std::uint32_t>(run.access.address);
            if (run.access.is_write != 0) {
                services.iocsr.write(cpu, address, run.access.length, value_of(run));
            } else {
                answer(run, services.iocsr.read(cpu, address, run.access.length));
            }
            return ExitOutcome::resume;
        }
        case Exit::hypercall:
            run.hypercall.result = ~std::uint64_t{0};  // no call is offered to guests
            return ExitOutcome::resume;
        case Exit::interrupted:
            return ExitOutcome::interrupted;
        default:
            return ExitOutcome::unknown;
    }
}

std::string describe_exit(const Run& run) {
    const auto access = [&run](const char* space) {
        return text(space, run.access.is_write != 0 ? "write" : "read", " of ", run.access.length,
                    " bytes at ", Hex{run.access.address});
    };
    std::string what;
    switch (static_cast<Exit>(run.exit_reason)) {
        case Exit::hypercall:
            what = "hypercall";
            break;
        case Exit::debug:
            what = "debug";
            break;
        case Exit::mmio:
            what = access("");
            break;
        case Exit::interrupted:
            what = "interrupted";
            break;
        case Exit::internal_error:
            what = text("internal error ", run.internal_error, " of the host's kernel");
            break;
        case Exit::dirty_ring_full:
            what = "dirty ring full";
            break;
        case Exit::iocsr:
            what = access("IOCSR ");
            break;
        case Exit::unknown:
        default:
            what = "unknown";
            break;
    }
    return text("KVM exit ", run.exit_reason, " (", what, ")");
}

void ExitCounts::count(const Run& run) {
    const bool write = run.access.is_write != 0;
    switch (static_cast<Exit>(run.exit_reason)) {
        case Exit::mmio:
            ++(write ? mmio_writes : mmio_reads);
            break;
        case Exit::iocsr:
            ++(write ? iocsr_writes : iocsr_reads);
            break;
        case Exit::hypercall:
            ++hypercalls;
            break;
        case Exit::interrupted:
            ++interrupted;
            break;
        default:
            ++others;
            break;
    }
}

ExitCounts& ExitCounts::operator+=(const ExitCounts& more) {
    mmio_reads += more.mmio_reads;
    mmio_writes += more.mmio_writes;
    iocsr_reads += more.iocsr_reads;
    iocsr_writes += more.iocsr_writes;
    hypercalls += more.hypercalls;
    interrupted += more.interrupted;
    others += more.others;
    return *this;
}

std::string describe_counts(const ExitCounts& counts) {
    std::string all;
    const auto add = [&all](std::string_view name, std::uint64_t count) {
        if (count != 0) all += text(all.empty() ? "" : ", ", name, ' ', count);
    };
    add("mmio reads", counts.mmio_reads);
    add("mmio writes", counts.mmio_writes);
    add("iocsr reads", counts.iocsr_reads);
    add("iocsr writes", counts.iocsr_writes);
    add("hypercalls", counts.hypercalls);
    add("interrupted", counts.interrupted);
    add("others", counts.others);
    return all.empty() ? "none" : all;
}

}  // namespace lkvm::vmm::kvm
