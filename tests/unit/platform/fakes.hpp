// SPDX-License-Identifier: GPL-2.0-or-later
// Recording stand-ins for what the platform talks to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <lkvm/clock.hpp>
#include <lkvm/cpu_interrupts.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/power_sink.hpp>
#include <lkvm/serial_backend.hpp>

namespace lkvm::test {

/// Levels of all CPU lines, and how often each changed.
class RecordingCpus final : public CpuInterrupts {
public:
    void set_line(unsigned cpu, unsigned line, bool level) override {
        levels_[{cpu, line}] = level;
        ++changes_;
    }
    [[nodiscard]] bool level(unsigned cpu, unsigned line) const {
        const auto found = levels_.find({cpu, line});
        return found != levels_.end() && found->second;
    }
    [[nodiscard]] bool any_level() const {
        for (const auto& [where, level] : levels_) {
            if (level) return true;
        }
        return false;
    }
    [[nodiscard]] unsigned changes() const { return changes_; }

private:
    std::map<std::pair<unsigned, unsigned>, bool> levels_;
    unsigned changes_ = 0;
};

class RecordingLine final : public IrqLine {
public:
    void set_level(bool asserted) override {
        level = asserted;
        ++changes;
    }
    bool level = false;
    unsigned changes = 0;
};

class RecordingSerial final : public SerialBackend {
public:
    void transmit(std::span<const std::byte> bytes) override {
        for (const std::byte byte : bytes) sent += std::to_integer<char>(byte);
    }
    void receive_ready() override { ++ready_calls; }

    std::string sent;
    unsigned ready_calls = 0;
};

class RecordingPower final : public PowerSink {
public:
    void power_off() override { ++power_offs; }
    void reset() override { ++resets; }

    unsigned power_offs = 0;
    unsigned resets = 0;
};

class ManualClock final : public Clock {
public:
    std::uint64_t monotonic_ns() override { return monotonic; }
    std::uint64_t wall_ns() override { return wall; }

    void advance_seconds(std::uint64_t seconds) {
        monotonic += seconds * 1000000000;
        wall += seconds * 1000000000;
    }

    std::uint64_t monotonic = 0;
    std::uint64_t wall = 0;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

}  // namespace lkvm::test
