// SPDX-License-Identifier: GPL-2.0-or-later
// Whom the power device tells about the guest's wishes.
#pragma once

namespace lkvm {

/// Called without locks on the vCPU thread that wrote the register. Must return soon and must not
/// wait for that vCPU to stop: note the wish, wake the machine's own thread. May be called again.
class PowerSink {
public:
    virtual void power_off() = 0;
    virtual void reset() = 0;

protected:
    ~PowerSink() = default;  // never deleted through the interface
};

}  // namespace lkvm
