// SPDX-License-Identifier: GPL-2.0-or-later
// One ring format with a device that holds chains and gives them back as the input says.
#pragma once

#include "tests/fuzz/virtio_machine.hpp"
#include "tests/support/virtio/holding_device.hpp"

namespace lkvm::test {

inline int fuzz_queue(const std::uint8_t* data, std::size_t size, bool packed) {
    static FuzzRam ram;
    if (size == 0 || ((data[0] & 1) != 0) != packed) return 0;
    FuzzInput input(data, size);
    HoldingDevice device;
    VirtioMachine machine(ram, device, input);
    machine.set_up(0);
    machine.play([&device](std::uint8_t what) {
        if (device.held.empty()) return;
        const std::size_t which = what % device.held.size();
        const unsigned queue = device.held[which].queue;
        const std::uint32_t room = device.held[which].chain.writable_bytes();
        device.give_back(which, what % 2 == 0 ? room : room / 2);
        device.notify(queue);
    });
    machine.finish();
    return 0;
}

}  // namespace lkvm::test
