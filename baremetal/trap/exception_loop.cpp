// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/trap/exception_loop.hpp"

#include "loongarch/csr/csr.hpp"

namespace lkvm::hv {

namespace csr = la::csr;

bool seems_to_loop_in_exceptions(const GuestSample& sample) {
    const std::uint64_t code = csr::estat::Ecode::get(sample.estat);
    if (code == 0 || csr::crmd::IE::get(sample.crmd)) return false;
    // LA Vol.1 §6.3.1: handlers are 2^VS instructions apart, or all at the same place.
    const unsigned spacing = csr::ecfg::VS::get(sample.ecfg);
    const std::uint64_t vector = sample.eentry + (spacing == 0 ? 0 : code << (spacing + 2));
    constexpr std::uint64_t first_instructions = 256;
    const std::uint64_t reached = sample.era - vector;
    if (reached >= first_instructions) return false;
    // Between the start of the handler and what fails in it; or in a TLB handler on the way there.
    return sample.pc - vector <= reached || csr::crmd::DA::get(sample.crmd);
}

}  // namespace lkvm::hv
