// SPDX-License-Identifier: GPL-2.0-or-later
// Zones for the control server and for hypercalls.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "baremetal/control/control.hpp"
#include "baremetal/control/line_writer.hpp"

namespace lkvm::hv {

class FakeZone final : public ManagedZone {
public:
    explicit FakeZone(std::string name)
        : name_(std::move(name)) {}

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] ZoneState state() const override { return state_now; }
    [[nodiscard]] unsigned cpu_count() const override { return 2; }
    [[nodiscard]] std::uint64_t memory_bytes() const override { return 0x20000000; }
    [[nodiscard]] std::string_view reason() const override { return why; }
    [[nodiscard]] std::uint64_t uptime_ns() override { return 1'500'000'000; }
    [[nodiscard]] unsigned starts() const override { return 3; }
    [[nodiscard]] ExitTotals exits() const override { return totals; }
    std::size_t copy_log(std::span<char> out) override {
        const std::size_t size = std::min(out.size(), text.size());
        text.copy(out.data(), size, text.size() - size);
        return size;
    }
    [[nodiscard]] Result<> request(ZoneRequest request) override {
        requests.push_back(request);
        if (refuse) return fail(ErrorCode::busy);
        return {};
    }

    ZoneState state_now = ZoneState::running;
    std::string why;
    std::string text;
    ExitTotals totals{};
    bool refuse = false;
    std::vector<ZoneRequest> requests;

private:
    std::string name_;
};

/// Two zones, "left" and "right".
class FakeZones : public ManagedZones {
public:
    [[nodiscard]] std::size_t count() const override { return 2; }
    [[nodiscard]] ManagedZone& zone(std::size_t index) override {
        return index == 0 ? left : right;
    }
    void describe_pool(LineWriter& out) override { out.key("free_bytes").number(4096); }

    FakeZone left{"left"};
    FakeZone right{"right"};

protected:
    ~FakeZones() = default;
};

class TwoFakeZones final : public FakeZones {};

}  // namespace lkvm::hv
