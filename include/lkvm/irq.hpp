// SPDX-License-Identifier: GPL-2.0-or-later
// How a device reaches an interrupt controller.
#pragma once

namespace lkvm {

/// Level-triggered interrupt input of a controller. Callable from any thread; calls for one line
/// are ordered by the device's own lock.
class IrqLine {
public:
    virtual void set_level(bool asserted) = 0;

protected:
    ~IrqLine() = default;  // never deleted through the interface, so no operator delete in the core
};

/// Edge-rising interrupt input: one pulse per event. Callable from any thread.
class IrqPulse {
public:
    virtual void signal() = 0;

protected:
    ~IrqPulse() = default;  // see IrqLine
};

/// Inputs of the platform's interrupt controller by pin number, where somebody else (the kernel's
/// KVM) models the controller. Any thread. For an edge-triggered pin each rise is one event.
class PinSink {
public:
    virtual void set_pin(unsigned pin, bool level) = 0;

protected:
    ~PinSink() = default;  // see IrqLine
};

}  // namespace lkvm
