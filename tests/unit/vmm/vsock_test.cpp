// SPDX-License-Identifier: GPL-2.0-or-later
// The socket device between a guest that sends any packet and programs on unix sockets.
#include "vmm/host/vsock/vsock_mux.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/virtio/driver.hpp"
#include "virtio/vsock/device.hpp"
#include "vmm/host/file_limit.hpp"
#include "vmm/text.hpp"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

namespace vsock = virtio::vsock;
using vsock::Operation;
using vsock::Packet;

constexpr std::uint64_t guest_cid = 3;
constexpr std::uint32_t guest_port = 1000;

/// A packet as the guest gets it.
struct Arrived {
    Packet packet;
    std::string payload;
};

class VsockTest : public testing::Test {
protected:
    VsockTest() {
        std::string made = testing::TempDir() + "vs-XXXXXX";
        EXPECT_NE(::mkdtemp(made.data()), nullptr);
        folder = made;
        auto listener = vmm::UnixListener::create(path(), "test");
        EXPECT_TRUE(listener.has_value());
        mux = std::make_unique<vmm::VsockMux>(loop, std::move(listener).value(),
                                              [this] { device->deliver(); });
        device = std::make_unique<vsock::VsockDevice>(ram.memory, guest_cid, *mux);
        driver = std::make_unique<DriverHarness>(ram, *device);
        driver->start(0, 64);
        offer_rooms();
    }
    ~VsockTest() override {
        EXPECT_TRUE(driver->transport.reset());
        EXPECT_EQ(mux->connection_count(), 0u);
        driver.reset();
        device.reset();
        mux.reset();
        ::rmdir(folder.c_str());
    }

    [[nodiscard]] std::string path() const { return folder + "/s"; }

    // --- the guest ---

    void offer(Gpa where) {
        rooms[driver->ring(0).add({{where, room_size, true}})] = where;
        driver->kick(0);
    }
    void offer_rooms() {
        for (unsigned i = 0; i < 32; ++i) offer(ram.allocate(room_size));
    }
    [[nodiscard]] static Packet packet(Operation operation, std::uint32_t host_port) {
        Packet made;
        made.source_cid = guest_cid;
        made.destination_cid = vsock::host_cid;
        made.source_port = guest_port;
        made.destination_port = host_port;
        made.operation = operation;
        made.buffer_size = 65536;
        return made;
    }
    void send(Packet made, const std::string& payload = {}) {
        made.length = static_cast<std::uint32_t>(payload.size());
        send_raw(made, payload);
    }
    void send_raw(const Packet& made, const std::string& payload) {
        const auto header = vsock::encode(made);
        const Gpa where = ram.allocate(header.size() + payload.size());
        ram.put_bytes(where, header);
        ram.put_bytes(Gpa{where.value + header.size()}, std::as_bytes(std::span{payload}));
        const auto size = static_cast<std::uint32_t>(header.size() + payload.size());
        driver->ring(1).add({{where, size, false}});
        driver->kick(1);
        EXPECT_TRUE(driver->ring(1).poll().has_value());
    }
    void send(Operation operation, std::uint32_t host_port, const std::string& payload = {}) {
        send(packet(operation, host_port), payload);
    }
    std::optional<Arrived> arrived() {
        loop.serve_ready();
        const auto used = driver->ring(0).poll();
        if (!used.has_value()) return std::nullopt;
        const Gpa where = rooms.at(used->id);
        vsock::HeaderBytes header;
        EXPECT_TRUE(ram.memory.read_bytes(where, header).has_value());
        Arrived got{vsock::decode(header), {}};
        EXPECT_EQ(used->length, header.size() + got.packet.length);
        EXPECT_EQ(got.packet.destination_cid, guest_cid);
        for (const std::byte byte :
             ram.bytes(Gpa{where.value + header.size()}, got.packet.length)) {
            got.payload += static_cast<char>(byte);
        }
        offer(where);
        return got;
    }
    /// The next packet, which must be of this kind.
    Packet expect(Operation operation) {
        const auto got = arrived();
        EXPECT_TRUE(got.has_value());
        if (!got.has_value()) return {};
        EXPECT_EQ(got->packet.operation, operation);
        return got->packet;
    }

    // --- programs of the host ---

    vmm::UnixListener listen(std::uint32_t port) {
        auto listener = vmm::UnixListener::create(vmm::text(path(), '_', port), "test");
        EXPECT_TRUE(listener.has_value());
        return std::move(listener).value();
    }
    vmm::UniqueFd connect(const std::string& line) {
        sockaddr_un address;
        EXPECT_TRUE(vmm::unix_address(path(), address));
        vmm::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
        EXPECT_EQ(::connect(fd.value(), generic, sizeof(address)), 0);
        say(fd, line);
        // Accepted in the first round, read in the second.
        loop.serve_ready();
        loop.serve_ready();
        return fd;
    }
    static void say(const vmm::UniqueFd& fd, const std::string& text) {
        EXPECT_EQ(::send(fd.value(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    /// What a program can read now; "(end)" at the end, "(nothing)" if there is nothing.
    static std::string hear(const vmm::UniqueFd& fd) {
        std::string text(100'000, '\0');
        const ssize_t count = ::recv(fd.value(), text.data(), text.size(), MSG_DONTWAIT);
        if (count == 0) return "(end)";
        if (count < 0 && errno == EAGAIN) return "(nothing)";
        if (count < 0) return "(end)";  // reset, as not all was read
        text.resize(static_cast<std::size_t>(count));
        return text;
    }
    /// A connection of the guest to a program at port 5.
    vmm::UniqueFd established() {
        const vmm::UnixListener listener = listen(5);
        send(Operation::request, 5);
        vmm::UniqueFd program = listener.accept();
        EXPECT_TRUE(program.valid());
        const Packet answer = expect(Operation::response);
        EXPECT_EQ(answer.source_port, 5u);
        EXPECT_EQ(answer.destination_port, guest_port);
        EXPECT_GT(answer.buffer_size, 0u);
        return program;
    }

    static constexpr std::uint32_t room_size = 4096;

    TestRam ram;
    vmm::EventLoop loop{"test"};
    std::string folder;
    std::unique_ptr<vmm::VsockMux> mux;
    std::unique_ptr<vsock::VsockDevice> device;
    std::unique_ptr<DriverHarness> driver;
    std::map<std::uint32_t, Gpa> rooms;
};

TEST_F(VsockTest, TheGuestReachesAProgram) {
    const vmm::UniqueFd program = established();
    send(Operation::data, 5, "from the guest");
    EXPECT_EQ(hear(program), "from the guest");
    say(program, "from the host");
    const auto got = arrived();
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->packet.operation, Operation::data);
    EXPECT_EQ(got->payload, "from the host");
    EXPECT_EQ(mux->connection_count(), 1u);
}

TEST_F(VsockTest, NobodyThereIsAReset) {
    send(Operation::request, 99);
    EXPECT_EQ(expect(Operation::reset).source_port, 99u);
    // A name without a listener is nobody too.
    const std::string name = vmm::text(path(), "_98");
    static_cast<void>(vmm::UnixListener::create(name, "test"));
    send(Operation::request, 98);
    expect(Operation::reset);
    EXPECT_EQ(mux->connection_count(), 0u);
}

TEST_F(VsockTest, AProgramReachesTheGuest) {
    const vmm::UniqueFd program = connect("CONNECT 7\nat once");
    const Packet request = expect(Operation::request);
    EXPECT_EQ(request.destination_port, 7u);
    EXPECT_EQ(hear(program), "(nothing)");
    Packet response = packet(Operation::response, request.source_port);
    response.source_port = 7;
    send(response);
    EXPECT_EQ(hear(program), vmm::text("OK ", request.source_port, '\n'));
    const auto got = arrived();
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->payload, "at once");
}

TEST_F(VsockTest, AGuestThatRefusesEndsTheProgramsConnection) {
    const vmm::UniqueFd program = connect("CONNECT 7\n");
    const Packet request = expect(Operation::request);
    Packet refusal = packet(Operation::reset, request.source_port);
    refusal.source_port = 7;
    send(refusal);
    EXPECT_EQ(hear(program), "(end)");
}

TEST_F(VsockTest, NonsenseEndsTheProgramsConnection) {
    for (const std::string line :
         {"HELLO\n", "CONNECT\n", "CONNECT x\n", "CONNECT 99999999999\n", "CONNECT -1\n",
          "CONNECT 77777777777777777777777777777777777777"}) {
        EXPECT_EQ(hear(connect(line)), "(end)") << line;
    }
    EXPECT_FALSE(arrived().has_value());
}

TEST_F(VsockTest, TheGuestEndsItsDirectionAlone) {
    const vmm::UniqueFd program = established();
    send(Operation::data, 5, "last words");
    Packet end = packet(Operation::shutdown, 5);
    end.flags = vsock::shutdown_send;
    send(end);
    EXPECT_EQ(hear(program), "last words");
    EXPECT_EQ(hear(program), "(end)");
    say(program, "an answer");
    EXPECT_EQ(arrived().value_or(Arrived{}).payload, "an answer");
    // What comes after the end breaks the rules.
    send(Operation::data, 5, "more");
    expect(Operation::reset);
}

TEST_F(VsockTest, TheProgramEndsItsDirectionAlone) {
    const vmm::UniqueFd program = established();
    say(program, "last words");
    ::shutdown(program.value(), SHUT_WR);
    EXPECT_EQ(arrived().value_or(Arrived{}).payload, "last words");
    EXPECT_EQ(expect(Operation::shutdown).flags, vsock::shutdown_send);
    send(Operation::data, 5, "an answer");
    EXPECT_EQ(hear(program), "an answer");
}

TEST_F(VsockTest, AProgramThatGoesEndsBothDirections) {
    vmm::UniqueFd program = established();
    program = vmm::UniqueFd();
    EXPECT_EQ(expect(Operation::shutdown).flags, vsock::shutdown_both);
    send(Operation::reset, 5);
    EXPECT_EQ(mux->connection_count(), 0u);
}

TEST_F(VsockTest, AGoodbyeOfTheGuestIsAnswered) {
    const vmm::UniqueFd program = established();
    Packet end = packet(Operation::shutdown, 5);
    end.flags = vsock::shutdown_both;
    send(end);
    expect(Operation::reset);
    EXPECT_EQ(hear(program), "(end)");
    EXPECT_EQ(mux->connection_count(), 0u);
    EXPECT_FALSE(arrived().has_value());
}

TEST_F(VsockTest, NoMoreIsSentThanTheGuestHasRoomFor) {
    const vmm::UnixListener listener = listen(5);
    Packet request = packet(Operation::request, 5);
    request.buffer_size = 10;
    send(request);
    const vmm::UniqueFd program = listener.accept();
    expect(Operation::response);
    say(program, "0123456789abcdef");
    EXPECT_EQ(arrived().value_or(Arrived{}).payload, "0123456789");
    expect(Operation::credit_request);
    EXPECT_FALSE(arrived().has_value());
    Packet update = packet(Operation::credit_update, 5);
    update.buffer_size = 10;
    update.forwarded = 4;
    send(update);
    EXPECT_EQ(arrived().value_or(Arrived{}).payload, "abcd");
    // A buffer that shrank below what is on its way is no room, and no overflow.
    update.buffer_size = 3;
    update.forwarded = 5;
    send(update);
    EXPECT_NE(arrived().value_or(Arrived{}).packet.operation, Operation::data);
    update.buffer_size = 100;
    update.forwarded = 14;
    send(update);
    EXPECT_EQ(arrived().value_or(Arrived{}).payload, "ef");
}

TEST_F(VsockTest, AGuestThatSendsMoreThanItMayIsCutOff) {
    const vmm::UniqueFd program = established();
    const std::string block(60'000, 'x');
    bool reset = false;
    // The program does not read: what it is owed is bounded. The host's socket takes some of it.
    for (unsigned i = 0; i < 5000 && !reset; ++i) {
        send(Operation::data, 5, block);
        while (const auto got = arrived()) {
            reset = reset || got->packet.operation == Operation::reset;
        }
    }
    EXPECT_TRUE(reset);
    EXPECT_EQ(mux->connection_count(), 0u);
}

TEST_F(VsockTest, PacketsThatBelongNowhereAreReset) {
    send(Operation::data, 44, "x");
    EXPECT_EQ(expect(Operation::reset).source_port, 44u);
    Packet elsewhere = packet(Operation::request, 5);
    elsewhere.destination_cid = 77;
    send(elsewhere);
    EXPECT_EQ(expect(Operation::reset).source_cid, 77u);
    Packet other_type = packet(Operation::request, 5);
    other_type.type = vsock::SocketType::seqpacket;
    send(other_type);
    EXPECT_EQ(expect(Operation::reset).type, vsock::SocketType::seqpacket);
    // A reset is not answered, or both sides would never end.
    send(Operation::reset, 44);
    EXPECT_FALSE(arrived().has_value());
}

TEST_F(VsockTest, LiesAreDropped) {
    Packet stranger = packet(Operation::request, 5);
    stranger.source_cid = 4;
    send(stranger);
    Packet longer = packet(Operation::data, 5);
    longer.length = 100;
    send_raw(longer, "short");
    longer.length = UINT32_MAX;
    send_raw(longer, "short");
    EXPECT_EQ(device->dropped(), 3u);
    EXPECT_FALSE(arrived().has_value());
    EXPECT_FALSE(driver->broken());
}

TEST_F(VsockTest, ASecondRequestForTheSamePortsEndsTheFirst) {
    const vmm::UniqueFd program = established();
    send(Operation::request, 5);
    expect(Operation::reset);
    EXPECT_EQ(hear(program), "(end)");
}

TEST_F(VsockTest, AResetOfTheDeviceEndsEverything) {
    const vmm::UniqueFd program = established();
    const vmm::UniqueFd waiting = connect("CONNECT 7\n");
    ASSERT_TRUE(driver->transport.reset());
    EXPECT_EQ(mux->connection_count(), 0u);
    EXPECT_EQ(hear(program), "(end)");
    EXPECT_EQ(hear(waiting), "(end)");
    driver->start(0, 64);
    rooms.clear();
    offer_rooms();
    established();
}

TEST_F(VsockTest, ConnectionsAreBounded) {
    // Both ends are in this process.
    if (vmm::raise_file_limit() < 2 * vmm::VsockMux::max_connections + 50) {
        GTEST_SKIP() << "this process may not open enough files (ulimit -H -n)";
    }
    const vmm::UnixListener listener = listen(5);
    std::vector<vmm::UniqueFd> programs;
    std::uint64_t promised = 0;
    Packet request = packet(Operation::request, 5);
    for (std::size_t i = 0; i < vmm::VsockMux::max_connections; ++i) {
        request.source_port = static_cast<std::uint32_t>(i);
        send(request);
        programs.push_back(listener.accept());
        ASSERT_TRUE(programs.back().valid()) << i;
        const Packet response = expect(Operation::response);
        ASSERT_EQ(response.destination_port, i);
        EXPECT_GE(response.buffer_size, vmm::VsockConnection::small_buffer);
        if (i < 100) EXPECT_EQ(response.buffer_size, vmm::VsockConnection::large_buffer);
        promised += response.buffer_size;
    }
    // All of it can be there at once, if no program reads.
    EXPECT_LE(promised, std::uint64_t{64} << 20);
    request.source_port = 100'000;
    send(request);
    expect(Operation::reset);
    EXPECT_EQ(mux->connection_count(), vmm::VsockMux::max_connections);
}

}  // namespace
}  // namespace lkvm::test
