// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/virtio/hostile/victim.hpp"

namespace lkvm::test {

namespace {

BlockProperties properties() {
    BlockProperties result;
    result.size = Victim::disk_size;
    result.discard = true;
    return result;
}

}  // namespace

Victim::Victim(virtio::RingFormat format)
    : request_queues(std::make_unique<virtio::blk::RequestQueue[]>(1))
    , device(ram.memory, properties(),
             {queues, {request_queues.get(), 1}, std::vector<BlockBackend*>{&disk}})
    , driver(ram, device, format)
    , header_(ram.allocate(16))
    , data_(ram.allocate(4096))
    , status_(ram.allocate(1)) {}

Victim::~Victim() {
    disk.finish();
    EXPECT_TRUE(driver.transport.reset());
}

void Victim::start(std::uint64_t features) {
    disk.finish();
    driver.start(features, ring_size);
    driver.pulse.count = 0;
    set_header(0, 0);
    ram.put<std::uint8_t>(status_, 0xaa);
}

void Victim::set_header(std::uint32_t type, std::uint64_t sector) {
    ram.put(header_, virtio::blk::RequestHeader{type, 0u, sector});
}

void Victim::put(Gpa where, const Raw& raw, std::uint16_t next) {
    put_descriptor(ram, driver.format, where, raw.address, raw.length, raw.flags,
                   packed() ? std::uint16_t{0} : next);
}

void Victim::offer(const std::vector<Raw>& chain, std::uint16_t first) {
    constexpr std::uint16_t available_on_first_lap = 1 << 7;
    for (std::size_t i = 0; i < chain.size(); ++i) {
        Raw raw = chain[i];
        const auto index = static_cast<std::uint16_t>(first + i);
        if (packed()) raw.flags |= available_on_first_lap;
        put(ring().descriptor(index), raw, static_cast<std::uint16_t>(index + 1));
    }
    if (!packed()) publish(first);
}

void Victim::publish(std::uint16_t head, std::uint16_t index) {
    ram.put<Le16>(Gpa{ring().driver.value + 4}, head);
    ram.put<Le16>(Gpa{ring().driver.value + 2}, index);
}

void Victim::kick() {
    driver.write(virtio::mmio::QueueNotify, 0);
    driver.owner.run();
}

bool Victim::used_something() {
    if (packed()) {
        constexpr std::uint16_t used = 1 << 15;
        return (ram.get<Le16>(Gpa{ring().descriptor(0).value + 14}).value() & used) != 0 &&
               driver.pulse.count > 0 && (driver.read(virtio::mmio::InterruptStatus) & 1) != 0;
    }
    return ram.get<Le16>(Gpa{ring().device.value + 2}).value() != 0;
}

}  // namespace lkvm::test
