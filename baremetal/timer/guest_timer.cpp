// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/timer/guest_timer.hpp"

#include "loongarch/csr/csr.hpp"

namespace lkvm::hv {
namespace {

namespace tcfg = la::csr::tcfg;

std::uint64_t period(std::uint64_t config) {
    return config & tcfg::count_mask;
}

/// One-shot only: a running one never counts more than it was started with.
bool has_fired(const GuestTimer& timer) {
    return timer.value > period(timer.config);
}

}  // namespace

GuestTimer timer_after(const GuestTimer& saved, std::uint64_t elapsed) {
    GuestTimer now = saved;
    if (!tcfg::En::get(saved.config)) return now;
    const bool periodic = tcfg::Periodic::get(saved.config);
    if (!periodic && has_fired(saved)) {
        now.value = timer_fired;
        return now;
    }
    if (elapsed < saved.value) {
        now.value = saved.value - elapsed;
        return now;
    }
    // TVAL 0 would fire when it is written, so that expiry right now counts as past.
    now.pending = true;
    const std::uint64_t length = period(saved.config);
    now.value = !periodic || length == 0 ? timer_fired : length - (elapsed - saved.value) % length;
    return now;
}

std::optional<std::uint64_t> ticks_to_expiry(const GuestTimer& timer) {
    if (!tcfg::En::get(timer.config)) return std::nullopt;
    if (!tcfg::Periodic::get(timer.config) && has_fired(timer)) return std::nullopt;
    return timer.value;
}

}  // namespace lkvm::hv
