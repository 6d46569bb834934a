// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/kvm/exits.hpp"

#include <cstring>

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

}  // namespace lkvm::vmm::kvm
