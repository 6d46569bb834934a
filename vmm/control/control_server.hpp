// SPDX-License-Identifier: GPL-2.0-or-later
// The socket through which other processes of the user steer a running guest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "vmm/devices/balloon_device.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/loop_timer.hpp"
#include "vmm/host/unix_listener.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// What can be asked of a machine. Its own thread.
class Controllable {
public:
    virtual void control_stop() = 0;
    virtual void control_pause() = 0;
    virtual void control_resume() = 0;
    /// Lines of "name value", each with its end of line.
    [[nodiscard]] virtual std::string control_status() = 0;
    /// Bytes of RAM.
    [[nodiscard]] virtual std::uint64_t control_memory() = 0;
    /// Lines about the registers of every vCPU.
    [[nodiscard]] virtual std::string control_registers() = 0;
    /// Sends a magic SysRq key over the serial port. False: the guest does not read it.
    [[nodiscard]] virtual bool control_sysrq(char key) = 0;
    /// Null: none.
    [[nodiscard]] virtual BalloonDevice* control_balloon() = 0;

protected:
    ~Controllable() = default;  // never deleted through the interface
};

/// A program connects, sends one line and gets the answer: "ok" or "error TEXT" as the first line,
/// then what was asked for, then the end. Requests: `stat`, `stop`, `pause`, `resume`,
/// `registers`, `sysrq KEY`, and `balloon SIZE`, `balloon +SIZE`, `balloon -SIZE` (sizes as for
/// --mem). Machine's thread, which calls serve() when fd() is readable.
class ControlServer {
public:
    /// `machine` outlives this. Failures: the socket; a guest of that name runs already.
    [[nodiscard]] static Outcome<std::unique_ptr<ControlServer>> create(const std::string& path,
                                                                        Controllable& machine);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    [[nodiscard]] int fd() const { return loop_.fd(); }
    void serve() { loop_.serve_ready(); }

private:
    struct Client;
    using ClientPtr = std::shared_ptr<Client>;

    static constexpr std::size_t max_clients = 64;

    ControlServer(UnixListener listener, Controllable& machine);

    void accept();
    void read(const ClientPtr& client);
    void obey(const ClientPtr& client, std::string_view request);
    void balloon(const ClientPtr& client, std::string_view size);
    void answer(const ClientPtr& client, std::string_view text);
    void refuse(const ClientPtr& client, std::string_view why);
    void end(const ClientPtr& client);

    EventLoop loop_{"control"};  // never started: served by the machine
    UnixListener listener_;
    Controllable& machine_;
    LoopTimer listen_again_;
    std::unordered_set<ClientPtr> clients_;
};

}  // namespace lkvm::vmm
