// SPDX-License-Identifier: GPL-2.0-or-later
// What is said about a zone that is taken out of service.
#pragma once

#include <string_view>

#include "baremetal/cpu/vcpu.hpp"

namespace lkvm::hv {

class Zone;

/// Registers and last exits of `vcpu` go to the console and into the zone's log. On the vCPU's CPU,
/// whose guest CSRs are read. `panic`: what the zone's kernel said when it panicked, if it did.
void report_parked(Zone& zone, const Vcpu& vcpu, const char* why, std::string_view panic);

}  // namespace lkvm::hv
