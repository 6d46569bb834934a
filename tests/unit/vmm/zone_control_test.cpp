// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/zone_control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "vmm/zones/zone_commands.hpp"
#include "vmm/zones/zone_report.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

using testing::HasSubstr;
using vmm::Json;
using namespace std::chrono_literals;

/// The hypervisor's side of a port, on a pseudo terminal.
class FakePort {
public:
    /// What to answer to a line; nothing if it is empty.
    using Answer = std::function<std::string(const std::string&)>;

    explicit FakePort(Answer answer)
        : master_(::posix_openpt(O_RDWR | O_NOCTTY))
        , answer_(std::move(answer)) {
        EXPECT_EQ(::grantpt(master_), 0);
        EXPECT_EQ(::unlockpt(master_), 0);
        path_ = ::ptsname(master_);
        // Stays open, so that the settings stay and the master never hangs up.
        slave_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY);
        termios settings{};
        ::tcgetattr(slave_, &settings);
        ::cfmakeraw(&settings);
        ::tcsetattr(slave_, TCSANOW, &settings);
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    ~FakePort() {
        thread_.request_stop();
        thread_.join();
        ::close(slave_);
        ::close(master_);
    }
    FakePort(const FakePort&) = delete;
    FakePort& operator=(const FakePort&) = delete;

    [[nodiscard]] vmm::ZoneControl open(std::chrono::milliseconds patience = 30s) const {
        auto port =
            vmm::ZoneControl::open(path_, {.open = 100ms, .answer = patience, .change = 30s});
        EXPECT_TRUE(port.has_value());
        return std::move(port).value();
    }
    /// Only when nobody asks anything.
    [[nodiscard]] const std::vector<std::string>& requests() const { return requests_; }

private:
    void serve(const std::stop_token& stop) {
        std::string line;
        while (!stop.stop_requested()) {
            pollfd wanted{master_, POLLIN, 0};
            if (::poll(&wanted, 1, 10) <= 0) continue;
            char c = 0;
            if (::read(master_, &c, 1) != 1) continue;
            if (c != '\n') {
                line += c;
                continue;
            }
            requests_.push_back(line);
            const std::string answer = answer_(line);
            EXPECT_EQ(::write(master_, answer.data(), answer.size()),
                      static_cast<ssize_t>(answer.size()));
            line.clear();
        }
    }

    int master_;
    int slave_ = -1;
    std::string path_;
    Answer answer_;
    std::vector<std::string> requests_;
    std::jthread thread_;
};

constexpr const char* two_zones =
    R"({"ok":true,"zones":[{"name":"linux0","state":"running","cpus":2,"memory":536870912,)"
    R"("reason":""},{"name":"rt","state":"parked","cpus":1,"memory":67108864,)"
    R"("reason":"wrote to nowhere"}]})"
    "\n";

TEST(ZoneControl, PortIsFoundByItsName) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(testing::TempDir()) / ("ports-" + std::to_string(::getpid()));
    EXPECT_FALSE(vmm::find_zone_control(folder.string()).has_value());
    for (const auto& [port, name] :
         {std::pair{"vport0p1", "org.example"}, std::pair{"vport1p2", "lkvm.control"}}) {
        fs::create_directories(folder / port);
        std::ofstream(folder / port / "name") << name << '\n';
    }
    EXPECT_EQ(vmm::find_zone_control(folder.string(), "/devices"), "/devices/vport1p2");
    fs::remove_all(folder);
    EXPECT_FALSE(vmm::ZoneControl::open("/nonexistent", {}).has_value());
}

TEST(ZoneControl, AnswersArriveInPiecesAndWithEmptyLines) {
    FakePort port([](const std::string&) { return std::string("\n\n") + two_zones + "\n"; });
    vmm::ZoneControl control = port.open();
    for (int i = 0; i < 3; ++i) {
        const auto answer = control.ask("list");
        ASSERT_TRUE(answer.has_value()) << answer.failure().message;
        EXPECT_EQ(answer.value().find("zones")->array()->size(), 2u);
    }
}

TEST(ZoneControl, LongAnswersComeWhole) {
    const std::string text(60000, 'x');
    FakePort port([&](const std::string&) { return "{\"ok\":true,\"log\":\"" + text + "\"}\n"; });
    vmm::ZoneControl control = port.open();
    const auto answer = vmm::control_zones(control, {"log", "a", false});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer.value(), text + "\n");
}

TEST(ZoneControl, RefusalsAndNonsenseAreFailures) {
    std::string answer;
    FakePort port([&](const std::string&) { return answer; });
    vmm::ZoneControl control = port.open();
    answer = "{\"ok\":false,\"error\":\"there is no zone x\"}\n";
    EXPECT_EQ(control.ask("stop x").failure().message, "there is no zone x");
    answer = "hello\n";
    EXPECT_THAT(control.ask("list").failure().message, HasSubstr("is no answer"));
    answer = "{\"zones\":[]}\n";
    EXPECT_THAT(control.ask("list").failure().message, HasSubstr("is no answer"));
}

TEST(ZoneControl, SilenceIsAFailure) {
    FakePort port([](const std::string&) { return ""; });
    vmm::ZoneControl control = port.open(50ms);
    EXPECT_THAT(control.ask("list").failure().message, HasSubstr("does not answer"));
}

TEST(ZoneControl, ChangesAreWaitedFor) {
    int asked = 0;
    FakePort port([&](const std::string& line) -> std::string {
        if (line != "list") return "{\"ok\":true,\"state\":\"starting\"}\n";
        const char* const state = ++asked < 4 ? "starting" : "running";
        return std::string(R"({"ok":true,"zones":[{"name":"a","state":")") + state + "\"}]}\n";
    });
    vmm::ZoneControl control = port.open();
    const auto done = vmm::control_zones(control, {"start", "a", false});
    ASSERT_TRUE(done.has_value()) << done.failure().message;
    EXPECT_EQ(done.value(), "a is running\n");
    EXPECT_EQ(port.requests().front(), "start a");
    EXPECT_EQ(port.requests().size(), 5u);
}

TEST(ZoneControl, ChangesThatLeadElsewhereAreFailures) {
    FakePort port([&](const std::string& line) -> std::string {
        return line == "list" ? two_zones : "{\"ok\":true}\n";
    });
    vmm::ZoneControl control = port.open();
    EXPECT_EQ(vmm::control_zones(control, {"start", "rt", false}).failure().message,
              "zone 'rt' is parked: wrote to nowhere");
    EXPECT_EQ(vmm::control_zones(control, {"stop", "linux0", false}).failure().message,
              "zone 'linux0' is running");
    EXPECT_EQ(vmm::control_zones(control, {"stop", "none", false}).failure().message,
              "there is no zone none");
    EXPECT_TRUE(vmm::control_zones(control, {"resume", "linux0", true}).has_value());
}

TEST(ZoneControl, CommandsNeedWhatTheyAct) {
    FakePort port([&](const std::string&) -> std::string { return two_zones; });
    vmm::ZoneControl control = port.open();
    EXPECT_THAT(vmm::control_zones(control, {"stop", "", false}).failure().message,
                HasSubstr("expected the name of a zone"));
    EXPECT_THAT(vmm::control_zones(control, {"balloon", "a", false}).failure().message,
                HasSubstr("keep the memory"));
    EXPECT_TRUE(port.requests().empty());
    const auto json = vmm::control_zones(control, {"list", "", true});
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(json.value(), two_zones);
}

TEST(ZoneReport, TableHasAColumnForEverything) {
    EXPECT_EQ(vmm::zone_table(*Json::parse(two_zones)),
              "NAME    STATE    CPUS  MEMORY  REASON\n"
              "linux0  running  2     512M\n"
              "rt      parked   1     64M     wrote to nowhere\n");
}

TEST(ZoneReport, StatisticsShowRatesAndCosts) {
    const std::string text = vmm::zone_statistics(*Json::parse(
        R"({"ok":true,"zones":[{"name":"a","state":"running","cpus":2,"memory":1048576,)"
        R"("reason":"","exits":{"idle":50,"mmio":4},"instructions":{"mmio":1600},)"
        R"("longest":{"mmio":900},"idle_exits":50,"uptime_ns":10250000000,"starts":3}],)"
        R"("pool":{"free_pages":7}})"));
    EXPECT_THAT(text, HasSubstr("zone a\n"));
    EXPECT_THAT(text, HasSubstr("10.250 s"));
    EXPECT_THAT(text, HasSubstr("50, 5 a second"));
    EXPECT_THAT(text, HasSubstr("4, 400 instructions each, at most 900"));
    EXPECT_THAT(text, HasSubstr("free_pages"));
    // Any answer can be shown.
    EXPECT_EQ(vmm::zone_statistics(Json()), "");
    EXPECT_FALSE(vmm::zone_table(*Json::parse("{\"zones\":[{},3]}")).empty());
}

}  // namespace
}  // namespace lkvm::test
