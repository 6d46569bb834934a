// SPDX-License-Identifier: GPL-2.0-or-later
// The socket device with its host side against any guest and any program of the host.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/fuzz/virtio_machine.hpp"
#include "tests/fuzz/vsock_fuzz.hpp"
#include "virtio/vsock/device.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/unix_listener.hpp"
#include "vmm/host/vsock/vsock_mux.hpp"
#include "vmm/text.hpp"

#include <sys/socket.h>

namespace {

namespace fs = std::filesystem;
namespace vsock = lkvm::virtio::vsock;
using namespace lkvm;
using namespace lkvm::test;
using fuzz::VsockStep;
using vmm::UniqueFd;

/// A folder for the sockets that goes with the process.
class Folder {
public:
    Folder()
        : path_((fs::temp_directory_path() / "vsock-fuzz-XXXXXX").string()) {
        LKVM_ASSERT(::mkdtemp(path_.data()) != nullptr);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string socket() const { return path_ + "/s"; }

private:
    std::string path_;
};

vmm::UnixListener listen(const std::string& path) {
    auto listener = vmm::UnixListener::create(path, "fuzz");
    LKVM_ASSERT(listener.has_value());
    return std::move(listener).value();
}

/// The programs of the host.
class Programs {
public:
    explicit Programs(const std::string& socket)
        : socket_(socket)
        , listener_(listen(vmm::text(socket, '_', fuzz::vsock_port))) {}

    void accept() {
        UniqueFd fd = listener_.accept();
        if (fd.valid()) fds_.push_back(std::move(fd));
    }
    void connect(std::uint16_t port) {
        sockaddr_un address;
        LKVM_ASSERT(vmm::unix_address(socket_, address));
        UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        // How the socket calls take addresses of every family.
        const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
        if (::connect(fd.value(), generic, sizeof(address)) != 0) return;
        const std::string line =
            port == UINT16_MAX ? std::string(50, 'x') : vmm::text("CONNECT ", port, "\nmore");
        static_cast<void>(::send(fd.value(), line.data(), line.size(), MSG_NOSIGNAL));
        fds_.push_back(std::move(fd));
    }
    void write(unsigned which) {
        if (fds_.empty()) return;
        const std::size_t number = which % fds_.size();
        if (which % 5 == 4) {
            fds_.erase(fds_.begin() + static_cast<std::ptrdiff_t>(number));
            return;
        }
        static const std::array<char, 3000> bytes{};
        static_cast<void>(::send(fds_[number].value(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }
    void read(unsigned which) {
        if (fds_.empty()) return;
        std::array<char, 10000> bytes;
        static_cast<void>(
            ::recv(fds_[which % fds_.size()].value(), bytes.data(), bytes.size(), MSG_DONTWAIT));
    }
    void shutdown(unsigned which) {
        if (fds_.empty()) return;
        ::shutdown(fds_[which % fds_.size()].value(), which % 3 == 0 ? SHUT_RD : SHUT_WR);
    }

private:
    const std::string socket_;
    vmm::UnixListener listener_;
    std::vector<UniqueFd> fds_;
};

/// Takes: operation byte, byte of the guest's port, Le32 host's port (0: the listener's), Le32
/// buffer, Le32 forwarded, Le16 length.
void send(FuzzRam& ram, VirtioMachine& machine, FuzzInput& input) {
    vsock::Packet packet;
    const auto operation = input.take<std::uint8_t>();
    packet.operation = static_cast<vsock::Operation>(operation % 9);
    packet.flags = operation / 16u % 4;
    if (operation == 0xff) packet.type = vsock::SocketType::seqpacket;
    packet.source_port = input.take<std::uint8_t>();
    packet.destination_port = input.take<std::uint32_t>();
    if (packet.destination_port == 0) packet.destination_port = fuzz::vsock_port;
    packet.buffer_size = input.take<std::uint32_t>();
    packet.forwarded = input.take<std::uint32_t>();
    packet.length = input.take<std::uint16_t>() % 0x4000u;
    packet.source_cid = fuzz::vsock_guest_cid;
    packet.destination_cid = vsock::host_cid;
    const vsock::HeaderBytes header = encode(packet);
    std::memcpy(ram.bytes().data() + fuzz::vsock_packet_place, header.data(), header.size());
    const std::array<VirtioMachine::Piece, 2> pieces{
        {{fuzz::vsock_packet_place, static_cast<std::uint32_t>(header.size()), false},
         {fuzz::vsock_packet_place + header.size(), packet.length, false}}};
    machine.offer(1, packet.length == 0 ? std::span{pieces}.first(1) : std::span{pieces});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static FuzzRam ram;
    static const Folder folder;
    FuzzInput input(data, size);
    vmm::EventLoop loop("fuzz");
    Programs programs(folder.socket());
    vsock::VsockDevice* deliver_to = nullptr;
    vmm::VsockMux mux(loop, listen(folder.socket()), [&] { deliver_to->deliver(); });
    vsock::VsockDevice device(ram.memory(), fuzz::vsock_guest_cid, mux);
    deliver_to = &device;
    VirtioMachine machine(ram, device, input);
    machine.set_up(UINT64_MAX);
    machine.play([&](std::uint8_t what) {
        constexpr auto count = static_cast<unsigned>(VsockStep::count);
        const unsigned which = what / count;
        switch (static_cast<VsockStep>(what % count)) {
            case VsockStep::send:
                return send(ram, machine, input);
            case VsockStep::space: {
                const std::uint64_t at = fuzz::vsock_space_place + which * fuzz::vsock_space;
                const std::array<VirtioMachine::Piece, 1> space{{{at, fuzz::vsock_space, true}}};
                return machine.offer(0, space);
            }
            case VsockStep::serve:
                return loop.serve_ready();
            case VsockStep::accept:
                return programs.accept();
            case VsockStep::connect:
                return programs.connect(input.take<std::uint16_t>());
            case VsockStep::write:
                return programs.write(which);
            case VsockStep::read:
                return programs.read(which);
            case VsockStep::shutdown:
                return programs.shutdown(which);
            case VsockStep::count:
                break;
        }
    });
    loop.serve_ready();
    LKVM_ASSERT(mux.connection_count() <= vmm::VsockMux::max_connections);
    // A program that came while there was no driver may go on waiting for one.
    machine.finish();
    return 0;
}
