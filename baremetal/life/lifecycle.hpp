// SPDX-License-Identifier: GPL-2.0-or-later
// What a zone may be asked and what each of its CPUs has to do next.
#pragma once

#include <atomic>
#include <cstdint>

#include <lkvm/result.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::hv {

enum class ZoneState : std::uint8_t {
    stopped,
    starting,
    running,
    stopping,
    pausing,
    paused,
    parked
};

/// "stopped", "starting", ...
[[nodiscard]] const char* state_name(ZoneState state);

/// What a CPU of a zone does next.
enum class Duty : std::uint8_t {
    wait,     ///< sleep until a doorbell, then ask again
    run,      ///< the guest; the CPU counts as inside until left()
    load,     ///< first CPU only: fill RAM, then loaded()
    release,  ///< first CPU only: give RAM back, then released()
};

/// The state machine of one zone. Requests come from any CPU and only change what is wanted; the
/// zone's own CPUs, woken by the caller, do the work: all of them leave the guest before its RAM is
/// touched.
class Lifecycle {
public:
    explicit Lifecycle(unsigned cpu_count)
        : cpu_count_(cpu_count) {}

    // Requests. Error: `busy` (the state does not allow it).
    [[nodiscard]] Result<> start();   ///< stopped or parked -> starting
    [[nodiscard]] Result<> stop();    ///< anything but stopped -> stopped
    [[nodiscard]] Result<> reset();   ///< running, paused or parked -> starting
    [[nodiscard]] Result<> pause();   ///< running -> paused
    [[nodiscard]] Result<> resume();  ///< paused -> running

    /// The guest did something it must not: running -> parked. True for the first that says so;
    /// `why` is a literal.
    [[nodiscard]] bool park(const char* why);
    /// The guest's own wishes; without effect if somebody else was first.
    void guest_power_off();
    void guest_reset();

    // The zone's CPUs.
    [[nodiscard]] Duty duty(unsigned cpu);
    void left();
    /// Whether the guest may be entered (again); asked before each entry.
    [[nodiscard]] bool may_run() const { return state() == ZoneState::running; }
    /// False: somebody wants the zone stopped, so loading is a waste of time.
    [[nodiscard]] bool load_wanted() const { return !cancelled_.load(std::memory_order_relaxed); }
    /// After Duty::load. A `failure`, which is a literal, parks the zone.
    void loaded(const char* failure = nullptr);
    void released();

    [[nodiscard]] ZoneState state() const { return state_.load(std::memory_order_acquire); }
    /// What brought it there, for people; may be empty.
    [[nodiscard]] const char* reason() const { return reason_.load(std::memory_order_relaxed); }
    /// Times that the zone was loaded.
    [[nodiscard]] unsigned lives() const { return lives_.load(std::memory_order_relaxed); }

private:
    /// Where a zone goes when its last CPU has left.
    enum class Next : std::uint8_t { run, stop, start, pause, park };

    void set(ZoneState state) { state_.store(state, std::memory_order_release); }
    void set_reason(const char* why) { reason_.store(why, std::memory_order_relaxed); }
    void leave(Next next, const char* why);
    void settle();

    const unsigned cpu_count_;
    SpinLock lock_;
    std::atomic<ZoneState> state_{ZoneState::stopped};
    std::atomic<const char*> reason_{""};  ///< changed before the state
    Next next_ = Next::run;
    unsigned inside_ = 0;   ///< CPUs in the guest or its exits
    bool release_ = false;  ///< RAM is to be given back
    bool busy_ = false;     ///< the first CPU loads or releases
    std::atomic<bool> cancelled_{false};
    std::atomic<unsigned> lives_{0};
};

}  // namespace lkvm::hv
