// SPDX-License-Identifier: GPL-2.0-or-later
// Serial port: 16550A. Register and section names follow the PC16550D data sheet.
#include "loongarch/platform/uart16550.hpp"

#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

namespace {

enum Register : unsigned { data = 0, ier = 1, iir_fcr = 2, lcr = 3, mcr = 4, lsr_reg = 5, msr = 6 };

namespace ier_bits {
constexpr std::uint8_t received = 0x01;
constexpr std::uint8_t transmitter_empty = 0x02;
constexpr std::uint8_t line_status = 0x04;
constexpr std::uint8_t modem_status = 0x08;
constexpr std::uint8_t all = 0x0f;
}  // namespace ier_bits

namespace iir_bits {
constexpr std::uint8_t none = 0x01;
constexpr std::uint8_t modem_status = 0x00;
constexpr std::uint8_t transmitter_empty = 0x02;
constexpr std::uint8_t received = 0x04;
constexpr std::uint8_t line_status = 0x06;
constexpr std::uint8_t timeout = 0x0c;
constexpr std::uint8_t fifos_enabled = 0xc0;
}  // namespace iir_bits

namespace fcr_bits {
constexpr std::uint8_t enable = 0x01;
constexpr std::uint8_t reset_receiver = 0x02;
constexpr std::uint8_t kept = 0xc9;  // enable, DMA mode, trigger level
constexpr unsigned trigger_shift = 6;
constexpr std::size_t trigger_levels[] = {1, 4, 8, 14};
}  // namespace fcr_bits

constexpr std::uint8_t lcr_dlab = 0x80;

namespace mcr_bits {
constexpr std::uint8_t dtr = 0x01;
constexpr std::uint8_t rts = 0x02;
constexpr std::uint8_t out1 = 0x04;
constexpr std::uint8_t out2 = 0x08;
constexpr std::uint8_t loopback = 0x10;
constexpr std::uint8_t all = 0x1f;
}  // namespace mcr_bits

namespace lsr_bits {
constexpr std::uint8_t data_ready = 0x01;
constexpr std::uint8_t overrun = 0x02;
constexpr std::uint8_t break_received = 0x10;
constexpr std::uint8_t transmitter_idle = 0x60;  // THRE and TEMT
constexpr std::uint8_t fifo_error = 0x80;
constexpr std::uint8_t interrupting = 0x1e;
}  // namespace lsr_bits

namespace msr_bits {
constexpr std::uint8_t ring_ended = 0x04;
constexpr std::uint8_t cts = 0x10;
constexpr std::uint8_t dsr = 0x20;
constexpr std::uint8_t ring = 0x40;
constexpr std::uint8_t carrier = 0x80;
}  // namespace msr_bits

/// Nobody reads LSR this often in a row to send: the transmitter is never busy.
constexpr std::uint8_t polls_of_a_reader = 32;

constexpr std::uint32_t input_clock_hz = 1843200;

}  // namespace

void Uart16550::reset() {
    Deferred deferred;
    {
        const SpinGuard guard(lock_);
        clear_receiver();
        ier_ = fcr_ = lcr_ = mcr_ = msr_delta_ = scratch_ = divisor_low_ = divisor_high_ = 0;
        idle_polls_ = 0;
        transmit_pending_ = false;
        throttled_ = false;
        settle(deferred);
    }
    finish(deferred);
}

std::uint64_t Uart16550::read(std::uint64_t offset, unsigned /*size*/) {
    Deferred deferred;
    std::uint8_t value = 0;
    {
        const SpinGuard guard(lock_);
        value = read_locked(static_cast<unsigned>(offset & 7));
        settle(deferred);
    }
    finish(deferred);
    return value;
}

void Uart16550::write(std::uint64_t offset, unsigned /*size*/, std::uint64_t value) {
    Deferred deferred;
    {
        const SpinGuard guard(lock_);
        write_locked(static_cast<unsigned>(offset & 7), static_cast<std::uint8_t>(value), deferred);
        settle(deferred);
    }
    finish(deferred);
}

std::size_t Uart16550::receive_room() {
    const SpinGuard guard(lock_);
    return room();
}

std::size_t Uart16550::receive(std::span<const std::byte> bytes) {
    const SpinGuard guard(lock_);
    std::size_t taken = 0;
    for (const std::size_t space = room(); taken < bytes.size() && taken < space; ++taken) {
        push(Received{std::to_integer<std::uint8_t>(bytes[taken]), 0});
    }
    host_waits_ = taken < bytes.size();
    update_irq();
    return taken;
}

bool Uart16550::receive_break() {
    const SpinGuard guard(lock_);
    if (room() == 0) return false;
    push(Received{0, lsr_bits::break_received});
    update_irq();
    return true;
}

std::uint8_t Uart16550::read_locked(unsigned index) {
    const bool divisor = (lcr_ & lcr_dlab) != 0;
    switch (index) {
        case Register::data:
            return divisor ? divisor_low_ : read_data();
        case Register::ier:
            return divisor ? divisor_high_ : ier_;
        case Register::iir_fcr:
            return read_iir();
        case Register::lcr:
            return lcr_;
        case Register::mcr:
            return mcr_;
        case Register::lsr_reg:
            return read_lsr();
        case Register::msr:
            return read_msr();
        default:
            return scratch_;
    }
}

void Uart16550::write_locked(unsigned index, std::uint8_t value, Deferred& deferred) {
    const bool divisor = (lcr_ & lcr_dlab) != 0;
    switch (index) {
        case Register::data:
            if (divisor) {
                divisor_low_ = value;
            } else {
                write_data(value, deferred);
            }
            break;
        case Register::ier:
            if (divisor) {
                divisor_high_ = value;
                break;
            }
            // Enabling the interrupt while the transmitter is empty, as always, raises it.
            if ((value & ~ier_ & ier_bits::transmitter_empty) != 0) transmit_pending_ = true;
            if ((value & ~ier_ & ier_bits::received) != 0) throttled_ = false;
            ier_ = value & ier_bits::all;
            break;
        case Register::iir_fcr:
            write_fcr(value);
            break;
        case Register::lcr:
            lcr_ = value;
            break;
        case Register::mcr:
            write_mcr(value);
            break;
        case Register::lsr_reg:
            break;  // factory test only
        case Register::msr:
            break;  // read-only
        default:
            scratch_ = value;
            break;
    }
}

std::uint8_t Uart16550::read_data() {
    if (count_ == 0) return 0;
    const std::uint8_t byte = fifo_[head_].byte;
    head_ = (head_ + 1) % fifo_size;
    --count_;
    return byte;
}

std::uint8_t Uart16550::read_iir() {
    const std::uint8_t source = pending_interrupt();
    if (source == iir_bits::transmitter_empty) transmit_pending_ = false;
    return fifo_enabled() ? source | iir_bits::fifos_enabled : source;
}

std::uint8_t Uart16550::read_lsr() {
    const std::uint8_t value = lsr();
    overrun_ = false;
    if (count_ != 0) {
        fifo_[head_].errors = 0;
    } else if (idle_polls_ < polls_of_a_reader) {
        ++idle_polls_;
    }
    return value;
}

std::uint8_t Uart16550::read_msr() {
    const auto value = static_cast<std::uint8_t>(modem_inputs() | msr_delta_);
    msr_delta_ = 0;
    return value;
}

void Uart16550::write_data(std::uint8_t value, Deferred& deferred) {
    // Sent already, so the transmitter is empty again.
    transmit_pending_ = true;
    if ((mcr_ & mcr_bits::loopback) != 0) {
        if (count_ < capacity()) {
            push(Received{value, 0});
        } else {
            overrun_ = true;
        }
        return;
    }
    if (idle_polls_ < polls_of_a_reader) idle_polls_ = 0;
    deferred.transmit = true;
    deferred.byte = std::byte{value};
}

void Uart16550::write_fcr(std::uint8_t value) {
    // The chip also empties the FIFO when it is switched on or off. We do not: Linux enables the
    // receive interrupt first and the FIFO a little later, and would lose a byte in between.
    if ((value & fcr_bits::reset_receiver) != 0) clear_receiver();
    // With FIFOs off, the other bits are not programmed.
    fcr_ = (value & fcr_bits::enable) != 0 ? value & fcr_bits::kept : 0;
}

void Uart16550::write_mcr(std::uint8_t value) {
    const std::uint8_t before = modem_inputs();
    const std::uint8_t rts_change = (value ^ mcr_) & mcr_bits::rts;
    if (rts_change != 0) {
        throttled_ = (value & mcr_bits::rts) == 0 && (ier_ & ier_bits::received) != 0;
    }
    mcr_ = value & mcr_bits::all;
    const std::uint8_t after = modem_inputs();
    // Delta bits 3:0 stand under their inputs 7:4; the ring indicator counts when it ends.
    const auto changed = static_cast<std::uint8_t>((before ^ after) >> 4 & ~msr_bits::ring_ended);
    msr_delta_ |= changed;
    if ((before & ~after & msr_bits::ring) != 0) msr_delta_ |= msr_bits::ring_ended;
}

bool Uart16550::fifo_enabled() const {
    return (fcr_ & fcr_bits::enable) != 0;
}

bool Uart16550::receiver_open() const {
    if ((mcr_ & mcr_bits::loopback) != 0) return false;  // the input pin is cut off
    const bool interrupts = (ier_ & ier_bits::received) != 0 && !throttled_;
    return interrupts || idle_polls_ >= polls_of_a_reader;
}

std::size_t Uart16550::room() const {
    return receiver_open() && count_ < capacity() ? capacity() - count_ : 0;
}

std::uint8_t Uart16550::lsr() const {
    std::uint8_t value = lsr_bits::transmitter_idle;
    if (overrun_) value |= lsr_bits::overrun;
    if (count_ != 0) value |= lsr_bits::data_ready | fifo_[head_].errors;
    for (std::size_t i = 0; fifo_enabled() && i < count_; ++i) {
        if (fifo_[(head_ + i) % fifo_size].errors != 0) value |= lsr_bits::fifo_error;
    }
    return value;
}

std::uint8_t Uart16550::modem_inputs() const {
    if ((mcr_ & mcr_bits::loopback) == 0) return msr_bits::cts | msr_bits::dsr | msr_bits::carrier;
    std::uint8_t value = 0;
    if ((mcr_ & mcr_bits::rts) != 0) value |= msr_bits::cts;
    if ((mcr_ & mcr_bits::dtr) != 0) value |= msr_bits::dsr;
    if ((mcr_ & mcr_bits::out1) != 0) value |= msr_bits::ring;
    if ((mcr_ & mcr_bits::out2) != 0) value |= msr_bits::carrier;
    return value;
}

/// The IIR code of the most urgent enabled cause. Data below the trigger level counts as timed out
/// at once: nothing more is on a line without speed.
std::uint8_t Uart16550::pending_interrupt() const {
    if ((ier_ & ier_bits::line_status) != 0 && (lsr() & lsr_bits::interrupting) != 0) {
        return iir_bits::line_status;
    }
    if ((ier_ & ier_bits::received) != 0 && count_ != 0) {
        const std::size_t trigger =
            fifo_enabled() ? fcr_bits::trigger_levels[fcr_ >> fcr_bits::trigger_shift] : 1;
        return count_ >= trigger ? iir_bits::received : iir_bits::timeout;
    }
    if ((ier_ & ier_bits::transmitter_empty) != 0 && transmit_pending_) {
        return iir_bits::transmitter_empty;
    }
    if ((ier_ & ier_bits::modem_status) != 0 && msr_delta_ != 0) return iir_bits::modem_status;
    return iir_bits::none;
}

void Uart16550::push(Received received) {
    fifo_[(head_ + count_) % fifo_size] = received;
    ++count_;
}

void Uart16550::clear_receiver() {
    head_ = 0;
    count_ = 0;
    overrun_ = false;
}

void Uart16550::update_irq() {
    const bool level = pending_interrupt() != iir_bits::none;
    if (level == irq_level_) return;
    irq_level_ = level;
    irq_.set_level(level);
}

void Uart16550::settle(Deferred& deferred) {
    update_irq();
    // Half a FIFO at a time: a host told at every byte would cost the guest an interrupt for each.
    if (!host_waits_ || room() == 0 || count_ > capacity() / 2) return;
    host_waits_ = false;
    deferred.receive_ready = true;
}

void Uart16550::finish(const Deferred& deferred) {
    if (deferred.transmit) backend_.transmit({&deferred.byte, 1});
    if (deferred.receive_ready) backend_.receive_ready();
}

void Uart16550::add_node(FdtWriter& fdt) {
    fdt.begin_node("serial", memory_map::uart_base);
    fdt.string("compatible", "ns16550a");
    fdt.reg(memory_map::uart_base, memory_map::uart_size);
    fdt.cells("clock-frequency", {input_clock_hz});
    fdt.interrupt(pins::uart, Trigger::level_high);
    fdt.end_node();
}

}  // namespace lkvm::la
