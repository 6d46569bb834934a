// SPDX-License-Identifier: GPL-2.0-or-later
// A whole machine around a backend that plays a guest, in a child process with pipes for standard
// input, output and error.
#include "vmm/machine/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "loongarch/platform/memory_map.hpp"
#include "tests/unit/boot/image_builder.hpp"
#include "tests/unit/vmm/temporary_file.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/host/unix_listener.hpp"
#include "vmm/machine/ram_plan.hpp"
#include "vmm/text.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

namespace map = la::memory_map;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// What a playing guest can do.
struct Guest {
    const MmioBus& bus;
    GuestMemory& memory;
    const vmm::VcpuStart& start;
    unsigned boot;  ///< 0, 1, ...
    std::atomic<bool>& stopping;
    const std::string& doorbells;  ///< that the machine asked for

    void uart(std::uint64_t offset, std::uint8_t value) const {
        bus.write(Gpa{map::uart_base.value + offset}, 1, value);
    }
    [[nodiscard]] std::uint64_t uart(std::uint64_t offset) const {
        return bus.read(Gpa{map::uart_base.value + offset}, 1);
    }
    void print(std::string_view text) const {
        for (const char letter : text) uart(0, static_cast<std::uint8_t>(letter));
    }
    void power_off() const { bus.write(map::power_base, 1, 0x34); }
    void reset() const { bus.write(Gpa{map::power_base.value + 2}, 1, 0x42); }
    /// As a guest that has opened its port.
    void open_port() const {
        uart(2, 0x07);
        uart(1, 0x01);
    }
    /// A byte that was typed, or -1 when the machine stops.
    [[nodiscard]] int read() const {
        while (!stopping) {
            if ((uart(5) & 1) != 0) return static_cast<int>(uart(0));
            std::this_thread::yield();
        }
        return -1;
    }
};

using Script = std::function<void(const Guest&)>;

/// Runs the script once per reset, on a thread.
class PlayingBackend final : public vmm::Backend {
public:
    PlayingBackend(const vmm::BackendRequest& request, Script script)
        : bus_(request.bus)
        , memory_(request.memory)
        , script_(std::move(script)) {}
    ~PlayingBackend() override { stop(); }

    [[nodiscard]] std::string_view name() const override { return "playing"; }
    int add_doorbell(Gpa where, std::uint32_t value) override {
        doorbells_ += vmm::text(vmm::Hex{where.value}, '=', value, ' ');
        return -1;
    }
    void set_line(unsigned, unsigned, bool) override {}
    void reset(const vmm::VcpuStart& boot, const vmm::VcpuStart&) override { start_ = boot; }
    [[nodiscard]] vmm::VcpuRegisters registers(unsigned cpu) override {
        vmm::VcpuRegisters registers;
        registers.pc = start_.pc + cpu;
        return registers;
    }
    void resume() override {
        stopping_ = false;
        thread_ = std::thread(
            [this] { script_({bus_, memory_, start_, boots_, stopping_, doorbells_}); });
    }
    void pause() override {
        stop();
        ++boots_;
    }
    void stop() override {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    const MmioBus& bus_;
    GuestMemory& memory_;
    Script script_;
    vmm::VcpuStart start_;
    unsigned boots_ = 0;
    std::atomic<bool> stopping_{false};
    std::string doorbells_;
    std::thread thread_;
};

/// The child process.
class MachineChild {
public:
    explicit MachineChild(const Script& script,
                          const std::function<void(vmm::MachineConfig&)>& change = {}) {
        vmm::MachineConfig config;
        config.kernel = kernel_.path();
        config.command_line = "console=ttyS0";
        config.memory = {{std::uint64_t{32} << 20, std::nullopt}};
        if (change) change(config);
        int in[2];
        int out[2];
        int error[2];
        EXPECT_EQ(::pipe(in) + ::pipe(out) + ::pipe(error), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(in[0], STDIN_FILENO);
            ::dup2(out[1], STDOUT_FILENO);
            ::dup2(error[1], STDERR_FILENO);
            for (const int fd : {in[0], in[1], out[0], out[1], error[0], error[1]}) ::close(fd);
            ::_exit(run(config, script));
        }
        input = vmm::UniqueFd(in[1]);
        output = vmm::UniqueFd(out[0]);
        error_ = vmm::UniqueFd(error[0]);
        for (const int fd : {in[0], out[1], error[1]}) ::close(fd);
    }
    ~MachineChild() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    void type(std::string_view text) const {
        EXPECT_EQ(::write(input.value(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }
    void signal(int number) const { ::kill(pid_, number); }
    /// Reads until `text` shows up.
    void expect(std::string_view text) {
        while (printed.find(text) == std::string::npos) {
            const std::string more = read(output.value());
            ASSERT_FALSE(more.empty()) << "no '" << text << "' in '" << printed << "'";
            printed += more;
        }
    }
    /// Reads standard error until `text` shows up.
    void expect_told(std::string_view text) {
        while (told.find(text) == std::string::npos) {
            const std::string more = read(error_.value());
            ASSERT_FALSE(more.empty()) << "no '" << text << "' in '" << told << "'";
            told += more;
        }
    }
    /// Exit code; `printed` and `told` are complete then.
    int wait() {
        for (std::string more; !(more = read(output.value())).empty();) printed += more;
        for (std::string more; !(more = read(error_.value())).empty();) told += more;
        int status = -1;
        EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
    }

    vmm::UniqueFd input;
    vmm::UniqueFd output;
    std::string printed;
    std::string told;

private:
    static std::string read(int fd) {
        if (fd < 0) return {};
        std::string text(4096, '\0');
        const ssize_t count = ::read(fd, text.data(), text.size());
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }

    static int run(const vmm::MachineConfig& config, const Script& script) {
        vmm::StderrLog log(LogLevel::warn);
        auto loader = vmm::GuestLoader::open(config);
        const auto plan = vmm::plan_ram(config.memory, std::uint64_t{1} << 47);
        if (!loader.has_value() || !plan.has_value()) return 90;
        vmm::Machine machine(config, std::move(loader).value(), log);
        const auto prepared = machine.prepare(
            plan.value().banks,
            [&](const vmm::BackendRequest& request) -> vmm::Outcome<std::unique_ptr<vmm::Backend>> {
                return std::unique_ptr<vmm::Backend>(
                    std::make_unique<PlayingBackend>(request, script));
            });
        if (!prepared.has_value()) {
            log.error(prepared.failure().message);
            return static_cast<int>(prepared.failure().code);
        }
        const auto end = machine.run();
        return static_cast<int>(end.has_value() ? end.value() : end.failure().code);
    }

    const TemporaryFile kernel_{std::span<const std::byte>(make_pe())};
    vmm::UniqueFd error_;
    pid_t pid_ = -1;
};

TEST(Machine, PrintsAndPowersOff) {
    MachineChild child([](const Guest& guest) {
        guest.print("hello\r\n");
        guest.power_off();
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(child.printed, "hello\r\n");
    EXPECT_EQ(child.told, "");
}

TEST(Machine, StartsTheBootCpuAtTheKernel) {
    MachineChild child([](const Guest& guest) {
        const bool right = guest.start.pc == 0x90201000 && guest.start.a0 == 1 &&
                           guest.memory.read<std::uint8_t>(Gpa{guest.start.pc}).value() == 0x5a;
        guest.print(right ? "right" : "wrong");
        guest.power_off();
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(child.printed, "right");
}

TEST(Machine, ResetsInPlaceWithFreshMemory) {
    MachineChild child([](const Guest& guest) {
        const Gpa kernel{guest.start.pc};
        const Gpa free{0x91f00000};
        const bool fresh = guest.memory.read<std::uint8_t>(kernel).value() == 0x5a &&
                           guest.memory.read<std::uint8_t>(free).value() == 0;
        guest.print(fresh ? "fresh " : "stale ");
        (void)guest.memory.write<std::uint64_t>(kernel, 0);
        (void)guest.memory.write<std::uint64_t>(free, 1);
        if (guest.boot < 3) {
            guest.reset();
        } else {
            guest.power_off();
        }
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(child.printed, "fresh fresh fresh fresh ");
}

/// One request to a control socket.
std::string ask(const std::string& path, std::string_view request) {
    sockaddr_un address;
    EXPECT_TRUE(vmm::unix_address(path, address));
    const vmm::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::connect(fd.value(), generic, sizeof(address)), 0);
    EXPECT_EQ(::send(fd.value(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer(4096, '\0');
    const ssize_t count = ::recv(fd.value(), answer.data(), answer.size(), MSG_WAITALL);
    answer.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return answer;
}

TEST(Machine, StaysPausedThoughTheGuestResetsItself) {
    const std::string socket = vmm::text(testing::TempDir(), "machine-pause-", ::getpid(), ".sock");
    MachineChild child(
        [](const Guest& guest) {
            guest.print(vmm::text("boot ", guest.boot, '\n'));
            if (guest.boot >= 2) return guest.power_off();
            while (!guest.stopping) std::this_thread::yield();
            // Falls between the pause and the machine's next look.
            if (guest.boot == 0) guest.reset();
        },
        [&](vmm::MachineConfig& config) {
            config.name = "machine-pause";
            config.control_socket = socket;
        });
    child.expect("boot 0\n");
    ASSERT_EQ(ask(socket, "pause\n"), "ok\n");
    EXPECT_THAT(ask(socket, "stat\n"), HasSubstr("state paused"));
    // Goes on as boot 1 and is then reset.
    ASSERT_EQ(ask(socket, "resume\n"), "ok\n");
    EXPECT_EQ(child.wait(), 0);
    EXPECT_THAT(child.printed, testing::EndsWith("boot 2\n"));
}

TEST(Machine, AsksForADoorbellForEveryQueue) {
    MachineChild child(
        [](const Guest& guest) {
            guest.print(guest.doorbells);
            guest.power_off();
        },
        [](vmm::MachineConfig& config) {
            config.devices.rng = true;
            config.devices.vsock = vmm::VsockOptions{};
            config.devices.vsock->cid = 3;
            config.devices.vsock->path =
                vmm::text(testing::TempDir(), "machine-doorbells-", ::getpid(), ".sock");
        });
    EXPECT_EQ(child.wait(), 0) << child.told;
    EXPECT_EQ(child.printed, "0x16000050=0 0x16000250=0 0x16000250=1 0x16000250=2 ");
}

TEST(Machine, EndsOnAResetWithNoReboot) {
    MachineChild child([](const Guest& guest) { guest.reset(); },
                       [](vmm::MachineConfig& config) { config.no_reboot = true; });
    EXPECT_EQ(child.wait(), 5);
}

TEST(Machine, TakesAResetAfterAPanicMessageForThePanic) {
    MachineChild child(
        [](const Guest& guest) {
            guest.print("Kernel panic - not syncing: test\r\n");
            guest.reset();
        },
        [](vmm::MachineConfig& config) { config.command_line += " panic=1"; });
    EXPECT_EQ(child.wait(), 3);
    EXPECT_EQ(child.printed, "Kernel panic - not syncing: test\r\n");
}

TEST(Machine, ForgetsAPanicThatDidNotReset) {
    MachineChild child([](const Guest& guest) {
        if (guest.boot == 0) {
            guest.reset();
        } else {
            guest.print("Kernel panic - not syncing\r\n");
            guest.power_off();
        }
    });
    EXPECT_EQ(child.wait(), 0);
}

TEST(Machine, WarnsOnceOfAPanicWithoutReset) {
    MachineChild child([](const Guest& guest) {
        guest.open_port();
        guest.print("Kernel panic - not syncing: test\r\n");
        static_cast<void>(guest.read());
        std::this_thread::sleep_for(200ms);
        guest.power_off();
    });
    child.expect_told("stays halted");
    child.type("x");  // for which the machine looks again
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(child.told.find("stays halted"), child.told.rfind("stays halted"));
}

TEST(Machine, EndsByCtrlAX) {
    MachineChild child([](const Guest& guest) {
        guest.print("up");
        while (!guest.stopping) std::this_thread::sleep_for(1ms);
    });
    child.expect("up");
    child.type("\x01x");
    EXPECT_EQ(child.wait(), 4);
}

TEST(Machine, EndsBySignals) {
    for (const int number :
         {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU}) {
        // Whoever runs the tests may have them ignored.
        const auto before = ::signal(number, SIG_DFL);
        MachineChild child([](const Guest& guest) {
            guest.print("up");
            while (!guest.stopping) std::this_thread::sleep_for(1ms);
        });
        ::signal(number, before);
        child.expect("up");
        child.signal(number);
        EXPECT_EQ(child.wait(), 128 + number);
    }
}

TEST(Machine, IsNotEndedByASignalThatWasIgnoredWhenItStarted) {
    const auto before = ::signal(SIGHUP, SIG_IGN);
    MachineChild child([](const Guest& guest) {
        guest.open_port();
        guest.print("up");
        if (guest.read() == 'p') guest.power_off();
    });
    ::signal(SIGHUP, before);
    child.expect("up");
    child.signal(SIGHUP);
    child.type("p");
    EXPECT_EQ(child.wait(), 0);
}

TEST(Machine, EndsWhenTheReaderOfItsOutputIsGone) {
    MachineChild child([](const Guest& guest) {
        while (!guest.stopping) {
            guest.print("line\r\n");
            std::this_thread::sleep_for(1ms);
        }
    });
    child.expect("line");
    child.output = vmm::UniqueFd();
    EXPECT_EQ(child.wait(), 128 + SIGPIPE);
}

TEST(Machine, EndsWhenItsOutputCannotBeWritten) {
    MachineChild child([](const Guest& guest) {
        const vmm::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
        ::dup2(full.value(), STDOUT_FILENO);
        guest.print("line\r\n");
        while (!guest.stopping) std::this_thread::sleep_for(1ms);
    });
    EXPECT_EQ(child.wait(), 6);
}

TEST(Machine, EndsThoughNobodyReadsItsOutput) {
    MachineChild child([](const Guest& guest) {
        while (!guest.stopping) guest.print("line\r\n");
    });
    child.expect("line");
    std::this_thread::sleep_for(200ms);  // pipe and queue are full, the vCPU waits
    child.type("\x01x");
    EXPECT_EQ(child.wait(), 4);
}

TEST(Machine, KeepsAllOutputOfASlowReaderUntilTheEnd) {
    constexpr int lines = 40000;
    MachineChild child([](const Guest& guest) {
        for (int i = 0; i < lines; ++i) guest.print(std::to_string(i) + '\n');
        guest.power_off();
    });
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(child.wait(), 0);
    std::string expected;
    for (int i = 0; i < lines; ++i) expected += std::to_string(i) + '\n';
    EXPECT_EQ(child.printed, expected);
}

TEST(Machine, LosesNoTypedByteOfALongPaste) {
    MachineChild child([](const Guest& guest) {
        guest.open_port();
        guest.print("ready\n");
        std::string got;
        for (int byte = guest.read(); byte >= 0 && byte != 4; byte = guest.read()) {
            got += static_cast<char>(byte);
        }
        guest.print(got);
        guest.power_off();
    });
    child.expect("ready\n");
    std::string sent;
    for (int i = 0; i < 20000; ++i) sent += std::to_string(i) + ' ';
    std::thread typist([&] {
        for (std::size_t at = 0; at < sent.size(); at += 1000) {
            child.type(std::string_view(sent).substr(at, 1000));
        }
        child.type("\x04");
    });
    EXPECT_EQ(child.wait(), 0);
    typist.join();
    EXPECT_EQ(child.printed, "ready\n" + sent);
}

TEST(Machine, GoesOnAfterTheEndOfItsInput) {
    MachineChild child([](const Guest& guest) {
        std::this_thread::sleep_for(100ms);
        guest.print("still here");
        guest.power_off();
    });
    child.input = vmm::UniqueFd();
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(child.printed, "still here");
}

TEST(Machine, SaysWhatDoesNotFitIntoItsMemory) {
    MachineChild small([](const Guest&) {},
                       [](vmm::MachineConfig& config) { config.memory[0].size = 1 << 20; });
    EXPECT_EQ(small.wait(), 1);
    EXPECT_THAT(small.told,
                HasSubstr("kernel image too big to contain in the first memory bank of the guest"));

    const TemporaryFile initrd(Image(40 << 20));
    MachineChild large([](const Guest&) {},
                       [&](vmm::MachineConfig& config) { config.initrd = initrd.path(); });
    EXPECT_EQ(large.wait(), 1);
    EXPECT_THAT(large.told, HasSubstr("--initrd '" + initrd.path() +
                                      "': initrd too big to contain in the first memory bank"));
}

TEST(Machine, NamesBothAddressesOfAKernelThatCannotMove) {
    const TemporaryFile kernel(std::span<const std::byte>(make_elf({.symbol = "main"})));
    MachineChild child([](const Guest&) {},
                       [&](vmm::MachineConfig& config) { config.kernel = kernel.path(); });
    EXPECT_EQ(child.wait(), 1);
    EXPECT_THAT(child.told, HasSubstr("0x200000"));
    EXPECT_THAT(child.told, HasSubstr("0x90200000"));
}

TEST(Machine, ObeysTheLoadAddress) {
    const auto at = [](std::uint64_t address) {
        return [address](vmm::MachineConfig& config) { config.load_address = address; };
    };
    MachineChild good(
        [](const Guest& guest) {
            guest.print(std::to_string(guest.start.pc));
            guest.power_off();
        },
        at(0x91000000));
    EXPECT_EQ(good.wait(), 0);
    EXPECT_EQ(good.printed, std::to_string(0x91001000));
    MachineChild odd([](const Guest&) {}, at(0x91000100));
    EXPECT_EQ(odd.wait(), 2);
    EXPECT_THAT(odd.told, HasSubstr("--load 0x91000100: expected a multiple of 0x10000"));
    MachineChild outside([](const Guest&) {}, at(0x80000000));
    EXPECT_EQ(outside.wait(), 2);
    EXPECT_THAT(outside.told, HasSubstr("expected an address in 0x90000000-0x91ffffff"));
}

TEST(Machine, WritesTheDeviceTreeTheGuestSees) {
    const TemporaryFile tree(std::string_view(""));
    MachineChild child([](const Guest& guest) { guest.power_off(); },
                       [&](vmm::MachineConfig& config) { config.dump_dtb = tree.path(); });
    EXPECT_EQ(child.wait(), 0);
    const vmm::UniqueFd file(::open(tree.path().c_str(), O_RDONLY));
    std::uint32_t magic = 0;
    EXPECT_EQ(::read(file.value(), &magic, sizeof(magic)), 4);
    EXPECT_EQ(magic, 0xedfe0dd0u);
    MachineChild refused([](const Guest&) {},
                         [](vmm::MachineConfig& config) { config.dump_dtb = "/no/such/dtb"; });
    EXPECT_EQ(refused.wait(), 1);
    EXPECT_THAT(refused.told, HasSubstr("--dump-dtb '/no/such/dtb'"));
}

}  // namespace
}  // namespace lkvm::test
