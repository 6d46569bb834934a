// SPDX-License-Identifier: GPL-2.0-or-later
// The shared FP / LSX / LASX register: FR is bits 63:0, VR bits 127:0, XR all 256.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lkvm::la {

static_assert(std::endian::native == std::endian::little, "lanes are stored in host order");

struct alignas(32) VectorRegister {
    std::array<std::uint64_t, 4> d{};

    /// Lane `i` of type T (integer or floating point), lane 0 lowest.
    template<class T>
    [[nodiscard]] T lane(unsigned i) const {
        T value;
        std::memcpy(&value, bytes() + i * sizeof(T), sizeof(T));
        return value;
    }
    template<class T>
    void set_lane(unsigned i, T value) {
        std::memcpy(bytes() + i * sizeof(T), &value, sizeof(T));
    }
    /// The low sizeof(T) * N bytes as an array, for loops that the compiler can vectorize.
    template<class T, std::size_t N>
    [[nodiscard]] std::array<T, N> lanes() const {
        static_assert(sizeof(T) * N <= 32);
        std::array<T, N> values;
        std::memcpy(values.data(), bytes(), sizeof(values));
        return values;
    }
    /// Replaces the low sizeof(T) * N bytes; the rest stays.
    template<class T, std::size_t N>
    void set_lanes(const std::array<T, N>& values) {
        static_assert(sizeof(T) * N <= 32);
        std::memcpy(bytes(), values.data(), sizeof(values));
    }

    [[nodiscard]] std::byte* bytes() { return reinterpret_cast<std::byte*>(d.data()); }
    [[nodiscard]] const std::byte* bytes() const {
        return reinterpret_cast<const std::byte*>(d.data());
    }
};

}  // namespace lkvm::la
