// SPDX-License-Identifier: GPL-2.0-or-later
// Guest-physical windows of the devices, looked up by vCPU exits of every backend.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <lkvm/gpa.hpp>
#include <lkvm/mmio_device.hpp>
#include <lkvm/result.hpp>

namespace lkvm {

/// Access sizes (bytes, powers of two) that a device's registers take.
struct AccessSizes {
    std::uint8_t mask = 1 | 2 | 4 | 8;  ///< bit value = size

    [[nodiscard]] constexpr bool allows(unsigned size) const { return (mask & size) != 0; }
};

/// Table of windows, filled before the guest starts, then read by any thread. An access outside
/// every window, of a size that the device does not take, or misaligned reads all ones and drops
/// writes.
class MmioBus {
public:
    static constexpr std::size_t max_windows = 64;

    /// Errors: `overlap`, `too_many`, `invalid_argument` (empty or wrapping window).
    [[nodiscard]] constexpr Result<> add(Gpa base, std::uint64_t size, MmioDevice& device,
                                         AccessSizes sizes = {}) {
        if (size == 0 || size - 1 > UINT64_MAX - base.value) {
            return fail(ErrorCode::invalid_argument);
        }
        for (std::size_t i = 0; i < count_; ++i) {
            const Window& other = windows_[i];
            if (base.value <= other.base + (other.size - 1) &&
                other.base <= base.value + (size - 1)) {
                return fail(ErrorCode::overlap, i);
            }
        }
        if (count_ == max_windows) return fail(ErrorCode::too_many);
        windows_[count_++] = Window{base.value, size, &device, sizes};
        return {};
    }

    [[nodiscard]] std::uint64_t read(Gpa where, unsigned size) const {
        return try_read(where, size).value_or(all_ones(size));
    }
    void write(Gpa where, unsigned size, std::uint64_t value) const {
        static_cast<void>(try_write(where, size, value));
    }

    /// The same; nothing or false if no window covers `where`.
    [[nodiscard]] std::optional<std::uint64_t> try_read(Gpa where, unsigned size) const {
        const Window* window = find(where);
        if (window == nullptr) return std::nullopt;
        const std::uint64_t offset = where.value - window->base;
        return window->takes(offset, size) ? window->device->read(offset, size) : all_ones(size);
    }
    [[nodiscard]] bool try_write(Gpa where, unsigned size, std::uint64_t value) const {
        const Window* window = find(where);
        if (window == nullptr) return false;
        const std::uint64_t offset = where.value - window->base;
        if (window->takes(offset, size)) window->device->write(offset, size, value);
        return true;
    }

    /// True if some device answers at `where`.
    [[nodiscard]] bool covers(Gpa where) const { return find(where) != nullptr; }

private:
    struct Window {
        std::uint64_t base = 0;
        std::uint64_t size = 0;
        MmioDevice* device = nullptr;
        AccessSizes sizes;

        [[nodiscard]] bool takes(std::uint64_t offset, unsigned bytes) const {
            return bytes <= size - offset && (offset & (bytes - 1)) == 0 && sizes.allows(bytes);
        }
    };

    static constexpr std::uint64_t all_ones(unsigned size) { return UINT64_MAX >> (64 - 8 * size); }

    [[nodiscard]] const Window* find(Gpa where) const {
        // Most accesses go where the last one went.
        const std::size_t last = last_.load(std::memory_order_relaxed);
        if (where.value - windows_[last].base < windows_[last].size) return &windows_[last];
        return search(where);
    }
    [[nodiscard]] const Window* search(Gpa where) const {
        for (std::size_t i = 0; i < count_; ++i) {
            if (where.value - windows_[i].base >= windows_[i].size) continue;
            last_.store(i, std::memory_order_relaxed);
            return &windows_[i];
        }
        return nullptr;
    }

    std::array<Window, max_windows> windows_{};
    std::size_t count_ = 0;
    mutable std::atomic<std::size_t> last_{0};  ///< window that was asked for
};

}  // namespace lkvm
