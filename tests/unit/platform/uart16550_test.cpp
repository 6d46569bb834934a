// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/uart16550.hpp"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/platform/fakes.hpp"

namespace lkvm::test {
namespace {

using la::Uart16550;

enum Register : unsigned {
    data = 0,
    ier = 1,
    iir = 2,
    fcr = 2,
    lcr = 3,
    mcr = 4,
    lsr = 5,
    msr = 6,
    scr = 7
};

constexpr unsigned lsr_idle = 0x60;
constexpr unsigned mcr_rts = 0x02;
constexpr unsigned mcr_out2 = 0x08;
constexpr unsigned mcr_loopback = 0x10;

class UartTest : public testing::Test {
protected:
    std::uint64_t get(unsigned reg) { return uart.read(reg, 1); }
    void put(unsigned reg, std::uint64_t value) { uart.write(reg, 1, value); }
    /// FIFOs on with trigger level 8, receive interrupt on: as Linux runs it.
    void open() {
        put(fcr, 0x81);
        put(ier, 0x05);
        put(mcr, 0x0b);
    }
    std::size_t offer(std::string_view text) { return uart.receive(bytes_of(text)); }

    RecordingLine line;
    RecordingSerial host;
    Uart16550 uart{line, host};
};

TEST_F(UartTest, SendsBytesInOrder) {
    for (const char c : std::string_view("hello\n")) {
        EXPECT_EQ(get(lsr), lsr_idle);
        put(data, static_cast<unsigned char>(c));
    }
    EXPECT_EQ(host.sent, "hello\n");
}

TEST_F(UartTest, KeepsOrderOfReceivedBytes) {
    open();
    EXPECT_EQ(offer("abc"), 3u);
    EXPECT_EQ(get(lsr) & 1, 1u);
    EXPECT_EQ(get(data), static_cast<unsigned>('a'));
    EXPECT_EQ(offer("de"), 2u);
    std::string got;
    while ((get(lsr) & 1) != 0) got += static_cast<char>(get(data));
    EXPECT_EQ(got, "bcde");
    EXPECT_EQ(get(data), 0u) << "nothing left";
}

TEST_F(UartTest, TakesNoMoreThanTheFifoHolds) {
    open();
    EXPECT_EQ(uart.receive_room(), 16u);
    EXPECT_EQ(offer("0123456789abcdefXYZ"), 16u);
    EXPECT_EQ(uart.receive_room(), 0u);
    EXPECT_EQ(offer("X"), 0u);
    EXPECT_EQ(get(lsr) & 0x02, 0u) << "no overrun";
}

TEST_F(UartTest, TellsTheHostOnceWhenHalfTheFifoIsFree) {
    open();
    ASSERT_EQ(offer("0123456789abcdefX"), 16u);
    for (int i = 0; i < 7; ++i) get(data);
    EXPECT_EQ(host.ready_calls, 0u);
    get(data);
    EXPECT_EQ(host.ready_calls, 1u);
    get(data);
    EXPECT_EQ(host.ready_calls, 1u);
}

TEST_F(UartTest, DoesNotBotherAHostThatWasServed) {
    open();
    ASSERT_EQ(offer("0123456789abcdef"), 16u);
    for (int i = 0; i < 16; ++i) get(data);
    EXPECT_EQ(host.ready_calls, 0u);
}

TEST_F(UartTest, HoldsInputUntilTheGuestOpensThePort) {
    EXPECT_EQ(offer("early"), 0u);
    EXPECT_EQ(get(lsr), lsr_idle);
    // What Linux does when it opens the port throws received data away.
    put(fcr, 0x01);
    put(fcr, 0x07);
    put(fcr, 0x81);
    get(data);
    EXPECT_EQ(host.ready_calls, 0u);
    put(ier, 0x05);
    EXPECT_EQ(host.ready_calls, 1u);
    EXPECT_EQ(offer("early"), 5u);
}

TEST_F(UartTest, RtsAloneDoesNotOpenThePort) {
    put(mcr, 0x03);  // as Linux's early console leaves it
    EXPECT_EQ(offer("x"), 0u);
}

TEST_F(UartTest, LoweringRtsHoldsInputBack) {
    open();
    EXPECT_EQ(offer("a"), 1u);
    put(mcr, 0x09);
    EXPECT_EQ(offer("b"), 0u);
    EXPECT_EQ(get(data), static_cast<unsigned>('a'));
    EXPECT_EQ(host.ready_calls, 0u);
    put(mcr, 0x0b);
    EXPECT_EQ(host.ready_calls, 1u);
    EXPECT_EQ(offer("b"), 1u);
}

TEST_F(UartTest, PortThatNeverRaisedRtsReceives) {
    put(ier, 0x01);
    EXPECT_EQ(offer("x"), 1u);
}

TEST_F(UartTest, PollingForInputOpensThePort) {
    EXPECT_EQ(offer("x"), 0u);
    for (int i = 0; i < 100 && host.ready_calls == 0; ++i) get(lsr);
    ASSERT_EQ(host.ready_calls, 1u);
    EXPECT_EQ(offer("x"), 1u);
    EXPECT_EQ(get(lsr) & 1, 1u);
    EXPECT_EQ(get(data), static_cast<unsigned>('x'));
}

TEST_F(UartTest, PolledOutputDoesNotOpenThePort) {
    EXPECT_EQ(offer("x"), 0u);
    for (int i = 0; i < 1000; ++i) {
        get(lsr);
        get(lsr);
        put(data, '.');
    }
    EXPECT_EQ(host.ready_calls, 0u);
    EXPECT_EQ(uart.receive_room(), 0u);
}

TEST_F(UartTest, WithoutFifoHoldsOneByte) {
    put(ier, 0x01);
    EXPECT_EQ(uart.receive_room(), 1u);
    EXPECT_EQ(offer("ab"), 1u);
    EXPECT_EQ(get(iir), 0x04u);
    EXPECT_EQ(get(data), static_cast<unsigned>('a'));
    EXPECT_EQ(get(iir), 0x01u);
}

TEST_F(UartTest, ReceiveInterruptFollowsTriggerLevelAndTimeout) {
    open();
    EXPECT_FALSE(line.level);
    offer("1234567");
    EXPECT_TRUE(line.level);
    EXPECT_EQ(get(iir), 0xccu) << "timeout";
    offer("8");
    EXPECT_EQ(get(iir), 0xc4u) << "trigger level";
    for (int i = 0; i < 8; ++i) get(data);
    EXPECT_FALSE(line.level);
    EXPECT_EQ(get(iir), 0xc1u);
}

TEST_F(UartTest, TriggerLevelsAreThoseOfTheChip) {
    constexpr unsigned levels[] = {1, 4, 8, 14};
    for (unsigned i = 0; i < 4; ++i) {
        uart.reset();
        put(fcr, 0x01 | i << 6);
        put(ier, 0x01);
        for (unsigned n = 1; n < levels[i]; ++n) {
            offer("x");
            EXPECT_EQ(get(iir), 0xccu) << levels[i];
        }
        offer("x");
        EXPECT_EQ(get(iir), 0xc4u) << levels[i];
    }
}

TEST_F(UartTest, EnablingTransmitInterruptRaisesItAtOnce) {
    put(ier, 0x02);
    EXPECT_TRUE(line.level);
    EXPECT_EQ(get(iir), 0x02u);
    EXPECT_EQ(get(iir), 0x01u) << "reading IIR acknowledges";
    EXPECT_FALSE(line.level);
    put(ier, 0x00);
    put(ier, 0x02);
    EXPECT_TRUE(line.level) << "enabled anew";
}

TEST_F(UartTest, EachByteSentRaisesTransmitInterrupt) {
    put(ier, 0x02);
    get(iir);
    put(data, 'a');
    EXPECT_TRUE(line.level);
    EXPECT_EQ(get(iir), 0x02u);
    EXPECT_FALSE(line.level);
}

TEST_F(UartTest, DisabledTransmitInterruptStaysQuiet) {
    put(ier, 0x02);
    put(ier, 0x00);
    put(data, 'a');
    EXPECT_FALSE(line.level);
    EXPECT_EQ(get(iir), 0x01u);
}

TEST_F(UartTest, ReadingIirForOtherCausesKeepsTransmitInterrupt) {
    open();
    put(ier, 0x03);
    offer("x");
    EXPECT_EQ(get(iir), 0xccu) << "received data comes first";
    get(data);
    EXPECT_EQ(get(iir), 0xc2u);
    EXPECT_EQ(get(iir), 0xc1u);
}

TEST_F(UartTest, DivisorLatchHidesDataAndIer) {
    put(ier, 0x05);
    put(lcr, 0x83);
    put(data, 0x34);
    put(ier, 0x12);
    EXPECT_EQ(get(data), 0x34u);
    EXPECT_EQ(get(ier), 0x12u);
    EXPECT_TRUE(host.sent.empty());
    put(lcr, 0x03);
    EXPECT_EQ(get(ier), 0x05u);
    EXPECT_EQ(get(lcr), 0x03u);
}

TEST_F(UartTest, ScratchRegisterHoldsItsValue) {
    put(scr, 0xa5);
    EXPECT_EQ(get(scr), 0xa5u);
}

TEST_F(UartTest, IerAndMcrKeepOnlyRealBits) {
    put(ier, 0xf0);
    EXPECT_EQ(get(ier), 0u);
    put(mcr, 0xe8);
    EXPECT_EQ(get(mcr), 0x08u);
}

TEST_F(UartTest, FifoResetDropsInputAndMakesRoom) {
    open();
    offer("0123456789abcdefX");
    put(fcr, 0x83);
    EXPECT_EQ(get(lsr), lsr_idle);
    EXPECT_FALSE(line.level);
    EXPECT_EQ(host.ready_calls, 1u);
    EXPECT_EQ(uart.receive_room(), 16u);
}

TEST_F(UartTest, SwitchingFifosKeepsInput) {
    put(ier, 0x05);
    EXPECT_EQ(offer("a"), 1u);
    put(fcr, 0x01);
    put(fcr, 0x81);
    EXPECT_EQ(offer("bc"), 2u);
    put(fcr, 0x00);
    EXPECT_EQ(get(iir), 0x04u);
    EXPECT_EQ(offer("d"), 0u);
    std::string got;
    while ((get(lsr) & 1) != 0) got += static_cast<char>(get(data));
    EXPECT_EQ(got, "abc");
}

TEST_F(UartTest, LoopbackReturnsWhatIsSent) {
    open();
    put(mcr, mcr_loopback);
    put(data, 'z');
    EXPECT_TRUE(host.sent.empty());
    EXPECT_EQ(get(lsr), lsr_idle | 1);
    EXPECT_EQ(get(data), static_cast<unsigned>('z'));
}

TEST_F(UartTest, LoopbackOverrunIsReportedOnce) {
    open();
    put(mcr, mcr_loopback);
    for (int i = 0; i < 17; ++i) put(data, static_cast<unsigned>('a' + i));
    EXPECT_EQ(get(iir), 0xc6u) << "line status";
    EXPECT_EQ(get(lsr), lsr_idle | 0x03);
    EXPECT_EQ(get(lsr), lsr_idle | 0x01);
    EXPECT_EQ(get(data), static_cast<unsigned>('a'));
}

TEST_F(UartTest, LoopbackConnectsModemLines) {
    EXPECT_EQ(get(msr), 0xb0u) << "the host is always there";
    put(mcr, mcr_loopback | mcr_rts | mcr_out2);
    EXPECT_EQ(get(msr) & 0xf0, 0x90u);
    put(mcr, mcr_loopback | 0x01 | 0x04);
    EXPECT_EQ(get(msr) & 0xf0, 0x60u);
    EXPECT_EQ(get(msr) & 0x0f, 0u) << "reading clears the changes";
}

TEST_F(UartTest, ModemStatusInterruptReportsChanges) {
    put(ier, 0x08);
    EXPECT_FALSE(line.level);
    put(mcr, mcr_loopback);
    EXPECT_TRUE(line.level);
    EXPECT_EQ(get(iir), 0x00u);
    EXPECT_EQ(get(msr), 0x0bu) << "CTS, DSR, carrier changed";
    EXPECT_FALSE(line.level);
}

TEST_F(UartTest, RingIndicatorCountsWhenItEnds) {
    put(mcr, mcr_loopback | 0x04);
    get(msr);
    put(mcr, mcr_loopback);
    EXPECT_EQ(get(msr), 0x04u);
    put(mcr, mcr_loopback | 0x04);
    EXPECT_EQ(get(msr), 0x40u);
}

TEST_F(UartTest, LoopbackCutsOffTheHost) {
    open();
    put(mcr, mcr_loopback | mcr_rts);
    EXPECT_EQ(offer("x"), 0u);
    put(mcr, mcr_rts);
    EXPECT_EQ(host.ready_calls, 1u);
}

TEST_F(UartTest, BreakComesWithItsByte) {
    open();
    offer("a");
    ASSERT_TRUE(uart.receive_break());
    EXPECT_EQ(get(lsr) & 0x91, 0x81u) << "an error further back in the FIFO";
    get(data);
    EXPECT_EQ(get(iir), 0xc6u);
    EXPECT_EQ(get(lsr) & 0x91, 0x91u);
    EXPECT_EQ(get(lsr) & 0x91, 0x01u) << "reading clears it";
    EXPECT_EQ(get(data), 0u);
}

TEST_F(UartTest, ResetRestoresPowerOnState) {
    open();
    put(lcr, 0x83);
    put(scr, 1);
    offer("abc");
    uart.reset();
    EXPECT_FALSE(line.level);
    EXPECT_EQ(get(lcr), 0u);
    EXPECT_EQ(get(ier), 0u);
    EXPECT_EQ(get(iir), 0x01u);
    EXPECT_EQ(get(mcr), 0u);
    EXPECT_EQ(get(lsr), lsr_idle);
    EXPECT_EQ(get(scr), 0u);
}

/// Gives a long text to the port the way a terminal thread does.
class PastingHost final : public SerialBackend {
public:
    void transmit(std::span<const std::byte> /*bytes*/) override {}
    void receive_ready() override {
        ready_.store(true);
        ready_.notify_one();
    }
    void paste(Uart16550& uart, std::string_view text) {
        while (!text.empty()) {
            ready_.store(false);
            text.remove_prefix(uart.receive(bytes_of(text)));
            if (!text.empty()) ready_.wait(false);
        }
    }

private:
    std::atomic<bool> ready_{false};
};

TEST(Uart, TenThousandPastedCharactersArrive) {
    RecordingLine line;
    PastingHost host;
    Uart16550 uart(line, host);
    std::string text;
    for (int i = 0; i < 10000; ++i) text += static_cast<char>('!' + i % 90);
    std::thread terminal([&] { host.paste(uart, text); });
    uart.write(fcr, 1, 0x81);
    uart.write(ier, 1, 0x01);
    std::string got;
    while (got.size() < text.size()) {
        if ((uart.read(lsr, 1) & 1) != 0) {
            got += static_cast<char>(uart.read(data, 1));
        } else {
            std::this_thread::yield();
        }
    }
    terminal.join();
    EXPECT_EQ(got, text);
    EXPECT_EQ(uart.read(lsr, 1), lsr_idle);
}

}  // namespace
}  // namespace lkvm::test
