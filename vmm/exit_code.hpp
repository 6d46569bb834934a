// SPDX-License-Identifier: GPL-2.0-or-later
// Exit codes of lkvm; docs/lkvm.1 is their reference.
#pragma once

namespace lkvm::vmm {

enum class ExitCode : int {
    powered_off = 0,    ///< the guest powered off; also success of other commands
    setup_error = 1,    ///< a file, the host or the machine's description is not good enough
    usage_error = 2,    ///< the command line is wrong
    guest_panic = 3,    ///< the guest reset itself after a kernel panic
    killed = 4,         ///< ended by ctrl-a x or `lkvm stop`
    guest_reset = 5,    ///< the guest reset itself under --no-reboot
    runtime_error = 6,  ///< the host failed while the guest ran
    signal_base = 128,  ///< plus the number of the signal that ended lkvm
};

}  // namespace lkvm::vmm
