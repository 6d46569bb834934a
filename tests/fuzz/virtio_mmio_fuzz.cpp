// SPDX-License-Identifier: GPL-2.0-or-later
// The MMIO transport from power-on: nothing is set up but by the input.
#include "tests/fuzz/virtio_machine.hpp"
#include "tests/support/virtio/holding_device.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lkvm::test;
    static FuzzRam ram;
    FuzzInput input(data, size);
    HoldingDevice device(3);
    device.extra_features = 0xff;
    VirtioMachine machine(ram, device, input);
    machine.play([&device](std::uint8_t what) {
        if (what % 4 == 0) device.events().config_changed();
        if (what % 4 == 1) device.events().needs_reset();
        if (what % 4 == 2) device.in_flight = !device.in_flight;
        if (what % 4 == 3) device.give_back_all();
    });
    device.in_flight = false;
    device.give_back_all();
    machine.finish();
    return 0;
}
