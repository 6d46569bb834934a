// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/life/lifecycle.hpp"

namespace lkvm::hv {

const char* state_name(ZoneState state) {
    switch (state) {
        case ZoneState::stopped:
            return "stopped";
        case ZoneState::starting:
            return "starting";
        case ZoneState::running:
            return "running";
        case ZoneState::stopping:
            return "stopping";
        case ZoneState::pausing:
            return "pausing";
        case ZoneState::paused:
            return "paused";
        case ZoneState::parked:
            return "parked";
    }
    return "unknown";
}

/// Sends all CPUs out of the guest; settle() does the rest when the last has left.
void Lifecycle::leave(Next next, const char* why) {
    next_ = next;
    set_reason(why);
    set(next == Next::pause ? ZoneState::pausing : ZoneState::stopping);
    if (inside_ == 0) settle();
}

void Lifecycle::settle() {
    const Next next = next_;
    next_ = Next::run;
    switch (next) {
        case Next::run:
            return;
        case Next::stop:
            release_ = true;  // stays `stopping` until released()
            return;
        case Next::start:
            cancelled_.store(false, std::memory_order_relaxed);
            return set(ZoneState::starting);
        case Next::pause:
            return set(ZoneState::paused);
        case Next::park:
            return set(ZoneState::parked);
    }
}

Result<> Lifecycle::start() {
    const SpinGuard guard{lock_};
    if (state() != ZoneState::stopped && state() != ZoneState::parked) {
        return fail(ErrorCode::busy);
    }
    cancelled_.store(false, std::memory_order_relaxed);
    set_reason("");
    set(ZoneState::starting);
    return {};
}

Result<> Lifecycle::stop() {
    constexpr const char* why = "was stopped";
    const SpinGuard guard{lock_};
    switch (state()) {
        case ZoneState::stopped:
            return fail(ErrorCode::busy);
        case ZoneState::starting:
            // The first CPU may be in the middle of loading; it notices.
            cancelled_.store(true, std::memory_order_relaxed);
            if (!busy_) leave(Next::stop, why);
            return {};
        case ZoneState::stopping:
            if (next_ != Next::run) leave(Next::stop, why);
            return {};
        default:
            leave(Next::stop, why);
            return {};
    }
}

Result<> Lifecycle::reset() {
    const SpinGuard guard{lock_};
    switch (state()) {
        case ZoneState::running:
        case ZoneState::pausing:
        case ZoneState::paused:
        case ZoneState::parked:
            leave(Next::start, "");
            return {};
        default:
            return fail(ErrorCode::busy);
    }
}

Result<> Lifecycle::pause() {
    const SpinGuard guard{lock_};
    if (state() != ZoneState::running) return fail(ErrorCode::busy);
    leave(Next::pause, "was paused");
    return {};
}

Result<> Lifecycle::resume() {
    const SpinGuard guard{lock_};
    if (state() != ZoneState::paused) return fail(ErrorCode::busy);
    set_reason("");
    set(ZoneState::running);
    return {};
}

bool Lifecycle::park(const char* why) {
    const SpinGuard guard{lock_};
    if (state() != ZoneState::running && state() != ZoneState::pausing) return false;
    leave(Next::park, why);
    return true;
}

void Lifecycle::guest_power_off() {
    const SpinGuard guard{lock_};
    if (state() == ZoneState::running || state() == ZoneState::pausing)
        leave(Next::stop, "has powered off");
}

void Lifecycle::guest_reset() {
    const SpinGuard guard{lock_};
    if (state() == ZoneState::running || state() == ZoneState::pausing) leave(Next::start, "");
}

Duty Lifecycle::duty(unsigned cpu) {
    const SpinGuard guard{lock_};
    if (state() == ZoneState::running) {
        ++inside_;
        return Duty::run;
    }
    if (cpu != 0 || inside_ != 0) return Duty::wait;
    if (state() == ZoneState::starting) {
        busy_ = true;
        return Duty::load;
    }
    if (release_) {
        busy_ = true;
        return Duty::release;
    }
    return Duty::wait;
}

void Lifecycle::left() {
    const SpinGuard guard{lock_};
    LKVM_ASSERT(inside_ > 0 && inside_ <= cpu_count_);
    if (--inside_ == 0) settle();
}

void Lifecycle::loaded(const char* failure) {
    const SpinGuard guard{lock_};
    LKVM_ASSERT(busy_ && state() == ZoneState::starting);
    busy_ = false;
    if (!load_wanted()) return leave(Next::stop, "was stopped");
    if (failure != nullptr) {
        set_reason(failure);
        return set(ZoneState::parked);
    }
    lives_.fetch_add(1, std::memory_order_relaxed);
    set(ZoneState::running);
}

void Lifecycle::released() {
    const SpinGuard guard{lock_};
    LKVM_ASSERT(busy_ && release_);
    busy_ = false;
    release_ = false;
    set(ZoneState::stopped);
}

}  // namespace lkvm::hv
