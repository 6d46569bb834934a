// SPDX-License-Identifier: GPL-2.0-or-later
// A virtio device whose driver is the fuzzer's input: RAM, registers and kicks in any order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include <lkvm/guest_memory.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/log.hpp>

#include "virtio/device.hpp"
#include "virtio/features.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/ring_area.hpp"
#include "virtio/status.hpp"
#include "virtio/transport_mmio.hpp"

namespace lkvm::test {

/// The input, taken from the front; zeroes after its end.
class FuzzInput {
public:
    FuzzInput(const std::uint8_t* data, std::size_t size)
        : left_(data, size) {}

    [[nodiscard]] bool empty() const { return left_.empty(); }

    template<class T>
    T take() {
        T value{};
        const std::size_t count = left_.size() < sizeof(T) ? left_.size() : sizeof(T);
        if (count != 0) std::memcpy(&value, left_.data(), count);
        left_ = left_.subspan(count);
        return value;
    }

    std::span<const std::uint8_t> bytes(std::size_t count) {
        const auto taken = left_.first(count < left_.size() ? count : left_.size());
        left_ = left_.subspan(taken.size());
        return taken;
    }

private:
    std::span<const std::uint8_t> left_;
};

/// Two banks that touch and one behind a gap, 64 KiB each, kept from one input to the next: the
/// sanitizer watches their borders.
class FuzzRam {
public:
    static constexpr std::uint64_t bank_size = 0x10000;
    static constexpr Gpa base{0x90000000};

    FuzzRam() {
        LKVM_MUST(banks_.add({base, bank_size, bank(0).data()}));
        LKVM_MUST(banks_.add({Gpa{base.value + bank_size}, bank_size, bank(1).data()}));
        LKVM_MUST(banks_.add({Gpa{base.value + 4 * bank_size}, bank_size, bank(2).data()}));
    }
    void clear() {
        for (unsigned i = 0; i < banks_memory_.size(); ++i) {
            std::memset(bank(i).data(), 0, bank(i).size());
        }
    }
    /// The first bank.
    [[nodiscard]] std::span<std::byte> bytes() { return bank(0); }
    [[nodiscard]] const GuestMemory& memory() const { return memory_; }

private:
    [[nodiscard]] std::span<std::byte> bank(unsigned number) {
        return banks_memory_[number]->bytes;
    }

    /// Banks that touch for the guest do not on the host, so that running over one's end shows.
    struct alignas(4096) Bank {
        std::array<std::byte, bank_size> bytes;
    };

    std::array<std::unique_ptr<Bank>, 3> banks_memory_{
        std::make_unique<Bank>(), std::make_unique<Bank>(), std::make_unique<Bank>()};
    RamBanks banks_;
    GuestMemory memory_{banks_};
};

class SilentPulse final : public IrqPulse {
public:
    void signal() override {}
};

class SilentLog final : public Log {
public:
    void line(LogLevel, std::string_view, std::string_view, std::uint64_t) override {}
};

/// Owner of all queues on the fuzzer's thread.
class FuzzOwner final : public virtio::QueueOwner {
public:
    void connect(virtio::MmioTransport& transport) { transport_ = &transport; }
    void kick(unsigned queue) override { kicked_[queue] = any_ = true; }
    void wait(const virtio::WaitCondition&) override { run(); }
    void progress() override {}
    void run() {
        while (any_) {
            any_ = false;
            for (unsigned i = 0; i < kicked_.size(); ++i) {
                if (!kicked_[i]) continue;
                kicked_[i] = false;
                transport_->run(i);
            }
        }
    }

private:
    virtio::MmioTransport* transport_ = nullptr;
    std::array<bool, virtio::MmioTransport::max_queues> kicked_{};
    bool any_ = false;
};

/// Input: a byte of options, then steps. `host_step(byte)` lets the back end do something. The
/// first queues are set up as a driver would, with their rings at ring_place(); so most inputs get
/// somewhere.
class VirtioMachine {
public:
    static constexpr std::uint16_t ring_size = 16;
    static constexpr unsigned most_steps = 2000;

    /// Byte offsets in the first bank of descriptors, driver area and device area.
    struct Places {
        std::uint64_t descriptors = 0;
        std::uint64_t driver = 0;
        std::uint64_t device = 0;
    };
    static constexpr Places ring_place(unsigned queue) {
        const std::uint64_t at = 0x400 * queue;
        return {at, at + 0x200, at + 0x280};
    }

    VirtioMachine(FuzzRam& ram, virtio::Device& device, FuzzInput& input)
        : ram_(ram)
        , device_(device)
        , input_(input)
        , options_(input.take<std::uint8_t>())
        , transport_(device, {ram.memory(), pulse_, owner_, log_}, "virtio-fuzz0",
                     (options_ & 1) != 0 ? virtio::RingFormat::packed : virtio::RingFormat::split) {
        owner_.connect(transport_);
        ram_.clear();
    }

    void set_up(std::uint64_t features) {
        using namespace virtio;
        features |= F_VERSION_1;
        if ((options_ & 1) != 0) features |= F_RING_PACKED;
        if ((options_ & 2) != 0) features |= F_EVENT_IDX;
        if ((options_ & 4) == 0) features |= F_INDIRECT_DESC;
        if ((options_ & 8) != 0) features |= F_RING_RESET;
        features &= offered();
        write(mmio::Status, status::ACKNOWLEDGE);
        write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER);
        write(mmio::DriverFeaturesSel, 0);
        write(mmio::DriverFeatures, static_cast<std::uint32_t>(features));
        write(mmio::DriverFeaturesSel, 1);
        write(mmio::DriverFeatures, static_cast<std::uint32_t>(features >> 32));
        write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK);
        for (unsigned i = 0; i < device_.queues().size() && i < 8; ++i) enable(i);
        write(mmio::Status,
              status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK | status::DRIVER_OK);
        owner_.run();
    }

    /// A piece of a chain: byte offset in the first bank.
    struct Piece {
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        bool writable = false;
    };

    /// What a sane driver does with its next buffer: a chain where the device will look, and a
    /// kick.
    void offer(unsigned queue, std::span<const Piece> pieces) {
        using namespace virtio;
        const Places places = ring_place(queue);
        const bool packed = (options_ & 1) != 0;
        DriverState& state = driver_[queue];
        const std::uint64_t head = state.position % ring_size;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            const std::uint64_t index = state.position % ring_size;
            const std::uint64_t at = places.descriptors + index * descriptor::size;
            const bool odd_lap = state.position / ring_size % 2 != 0;
            const bool last = i + 1 == pieces.size();
            std::uint64_t flags = (last ? 0u : unsigned{descriptor::F_NEXT}) |
                                  (pieces[i].writable ? unsigned{descriptor::F_WRITE} : 0u);
            if (packed) flags |= odd_lap ? descriptor::F_USED : descriptor::F_AVAIL;
            ++state.position;
            put(at + descriptor::address, FuzzRam::base.value + pieces[i].offset, 8);
            put(at + descriptor::length, pieces[i].length, 4);
            put(at + (packed ? descriptor::packed_flags : descriptor::split_flags), flags, 2);
            put(at + (packed ? descriptor::packed_id : descriptor::split_next),
                packed ? head : state.position % ring_size, 2);
        }
        if (!packed) {
            put(places.driver + 4 + 2 * (state.chains % ring_size), head, 2);
            put(places.driver + 2, ++state.chains, 2);
        }
        transport_.write(mmio::QueueNotify, 4, queue);
        owner_.run();
    }

    template<class HostStep>
    void play(HostStep host_step) {
        for (unsigned step = 0; step < most_steps && !input_.empty(); ++step) {
            const auto what = input_.take<std::uint8_t>();
            switch (what % 8) {
                case 0:
                case 1:
                    write_memory();
                    break;
                case 2:
                    transport_.write(virtio::mmio::QueueNotify, 4, what / 8);
                    owner_.run();
                    break;
                case 3: {
                    const auto offset = input_.take<std::uint16_t>() % virtio::mmio::window_size;
                    const unsigned size = 1u << (what / 8 % 4);
                    transport_.write(offset, size, input_.take<std::uint32_t>());
                    break;
                }
                case 4:
                    static_cast<void>(
                        transport_.read(input_.take<std::uint16_t>() % virtio::mmio::window_size,
                                        1u << (what / 8 % 4)));
                    break;
                case 5:
                    enable(what / 8 % 8);
                    break;
                case 6:
                    host_step(input_.take<std::uint8_t>());
                    break;
                default:
                    owner_.run();
                    break;
            }
        }
    }

    /// Ends everything; the back end has nothing in flight.
    void finish() { LKVM_ASSERT(transport_.reset()); }

    [[nodiscard]] virtio::MmioTransport& transport() { return transport_; }

private:
    struct DriverState {
        std::uint64_t position = 0;  // of the next descriptor, counted without end
        std::uint64_t chains = 0;
    };

    void put(std::uint64_t offset, std::uint64_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i) {
            ram_.bytes()[offset + i] = static_cast<std::byte>(value >> 8 * i);
        }
    }
    void write(std::uint64_t offset, std::uint32_t value) { transport_.write(offset, 4, value); }

    std::uint64_t offered() {
        write(virtio::mmio::DeviceFeaturesSel, 0);
        const std::uint64_t low = transport_.read(virtio::mmio::DeviceFeatures, 4);
        write(virtio::mmio::DeviceFeaturesSel, 1);
        return low | transport_.read(virtio::mmio::DeviceFeatures, 4) << 32;
    }

    void enable(unsigned queue) {
        using namespace virtio;
        const Places places = ring_place(queue);
        const auto low = [](std::uint64_t offset) {
            return static_cast<std::uint32_t>(FuzzRam::base.value + offset);
        };
        write(mmio::QueueSel, queue);
        write(mmio::QueueNum, ring_size);
        write(mmio::QueueDescLow, low(places.descriptors));
        write(mmio::QueueDriverLow, low(places.driver));
        write(mmio::QueueDeviceLow, low(places.device));
        write(mmio::QueueReady, 1);
    }

    void write_memory() {
        const auto offset = input_.take<std::uint16_t>();
        const std::size_t count = std::size_t{input_.take<std::uint8_t>()} + 1;
        const auto bytes = input_.bytes(count);
        const std::size_t room = ram_.bytes().size() - offset;
        std::memcpy(ram_.bytes().data() + offset, bytes.data(),
                    bytes.size() < room ? bytes.size() : room);
    }

    FuzzRam& ram_;
    virtio::Device& device_;
    FuzzInput& input_;
    const std::uint8_t options_;
    SilentPulse pulse_;
    SilentLog log_;
    FuzzOwner owner_;
    std::array<DriverState, 8> driver_{};
    virtio::MmioTransport transport_;
};

}  // namespace lkvm::test
