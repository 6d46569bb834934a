// SPDX-License-Identifier: GPL-2.0-or-later
// The block device against any driver, with a back end that answers at once, late, or with errors.
#include "tests/fuzz/virtio_machine.hpp"
#include "tests/support/virtio/ram_disk.hpp"
#include "virtio/blk/device.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lkvm;
    using namespace lkvm::test;
    static FuzzRam ram;
    static RamDisk disk(65536);
    disk.submitted.clear();
    disk.later = false;
    disk.answer = BlockStatus::ok;
    FuzzInput input(data, size);
    const auto options = input.take<std::uint8_t>();
    BlockProperties properties;
    properties.size = disk.bytes.size();
    properties.discard = true;
    properties.read_only = options % 4 == 3;
    std::array<virtio::Queue, 2> queues;
    // A slot each is 1 MiB: kept, as resets leave nothing behind.
    static std::array<virtio::blk::RequestQueue, 2> request_queues;
    std::array<BlockBackend*, 2> backends{&disk, &disk};
    virtio::blk::BlkDevice device(ram.memory(), properties, {queues, request_queues, backends});
    VirtioMachine machine(ram, device, input);
    machine.set_up(UINT64_MAX);
    machine.play([](std::uint8_t what) {
        if (what % 8 == 0) disk.later = !disk.later;
        if (what % 8 == 1) disk.answer = static_cast<BlockStatus>(what / 8 % 3);
        if (what % 8 >= 2) disk.finish(what / 8);
    });
    while (!disk.waiting.empty()) disk.finish();
    machine.finish();
    return 0;
}
