// SPDX-License-Identifier: GPL-2.0-or-later
// Serial port: 16550A with 16-byte receive FIFO. National Semiconductor PC16550D data sheet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/irq.hpp>
#include <lkvm/mmio_device.hpp>
#include <lkvm/serial_backend.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::la {

class FdtWriter;

/// A port whose line has no speed: what the guest sends is out at once, so the transmitter is
/// always empty; what the host sends waits on the host's side until the guest makes room, so no
/// byte is lost. Registers: any vCPU thread. Host side: one thread that offers input, any thread.
///
/// A guest that has not opened the port gets nothing, lest its set-up throws input away: bytes are
/// taken while the receive interrupt is enabled, or when the guest turns out to wait for input by
/// reading LSR again and again. Lowering RTS in between holds input back (hardware flow control).
class Uart16550 final : public MmioDevice {
public:
    static constexpr std::size_t fifo_size = 16;

    Uart16550(IrqLine& irq, SerialBackend& backend)
        : irq_(irq)
        , backend_(backend) {}
    Uart16550(const Uart16550&) = delete;
    Uart16550& operator=(const Uart16550&) = delete;

    /// Power-on state; waiting input is dropped.
    void reset();

    /// Offset 0..7, byte accesses (others touch the byte at `offset` only).
    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    /// How many bytes receive() takes now.
    [[nodiscard]] std::size_t receive_room();
    /// Offers input; returns how many of the first bytes were taken. If that is not all,
    /// SerialBackend::receive_ready() is called once half of the FIFO is free.
    [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes);
    /// A break condition on the line (Linux: magic SysRq). False if there is no room.
    bool receive_break();

    static void add_node(FdtWriter& fdt);

private:
    struct Received {
        std::uint8_t byte = 0;
        std::uint8_t errors = 0;  ///< LSR bits
    };
    /// What a register access leaves to be done without the lock.
    struct Deferred {
        bool transmit = false;
        bool receive_ready = false;
        std::byte byte{};
    };

    std::uint8_t read_locked(unsigned index);
    void write_locked(unsigned index, std::uint8_t value, Deferred& deferred);
    std::uint8_t read_data();
    std::uint8_t read_iir();
    std::uint8_t read_lsr();
    std::uint8_t read_msr();
    void write_data(std::uint8_t value, Deferred& deferred);
    void write_fcr(std::uint8_t value);
    void write_mcr(std::uint8_t value);

    [[nodiscard]] bool fifo_enabled() const;
    [[nodiscard]] std::size_t capacity() const { return fifo_enabled() ? fifo_size : 1; }
    [[nodiscard]] bool receiver_open() const;
    [[nodiscard]] std::size_t room() const;
    [[nodiscard]] std::uint8_t lsr() const;
    [[nodiscard]] std::uint8_t modem_inputs() const;
    [[nodiscard]] std::uint8_t pending_interrupt() const;
    void push(Received received);
    void clear_receiver();
    void update_irq();
    /// Settles the interrupt line and notes whether the host waits for room that exists now.
    void settle(Deferred& deferred);
    void finish(const Deferred& deferred);

    IrqLine& irq_;
    SerialBackend& backend_;
    SpinLock lock_;
    std::array<Received, fifo_size> fifo_{};
    std::size_t head_ = 0;
    std::size_t count_ = 0;
    std::uint8_t ier_ = 0;
    std::uint8_t fcr_ = 0;
    std::uint8_t lcr_ = 0;
    std::uint8_t mcr_ = 0;
    std::uint8_t msr_delta_ = 0;
    std::uint8_t scratch_ = 0;
    std::uint8_t divisor_low_ = 0;
    std::uint8_t divisor_high_ = 0;
    std::uint8_t idle_polls_ = 0;  ///< reads of an LSR without data since the last output
    bool overrun_ = false;
    bool transmit_pending_ = false;  ///< "transmitter empty" interrupt not yet acknowledged
    bool host_waits_ = false;
    bool throttled_ = false;  ///< RTS fell while the receive interrupt was on
    bool irq_level_ = false;
};

}  // namespace lkvm::la
