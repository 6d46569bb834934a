// SPDX-License-Identifier: GPL-2.0-or-later
// Memory for objects that are made once, at boot, and never go away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include <lkvm/result.hpp>

namespace lkvm::hv {

/// Where an Arena gets its chunks from.
class ChunkSource {
public:
    /// `size` zeroed bytes at a multiple of a page. Errors: `no_space`, `too_many`.
    [[nodiscard]] virtual Result<std::span<std::byte>> chunk(std::size_t size) = 0;

protected:
    ~ChunkSource() = default;  // never deleted through the interface
};

/// Boot CPU only.
class Arena {
public:
    explicit constexpr Arena(ChunkSource& source)
        : source_(source) {}
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// Errors: those of ChunkSource.
    [[nodiscard]] Result<std::span<std::byte>> bytes(std::size_t size, std::size_t alignment);

    template<class T, class... Arguments>
    [[nodiscard]] Result<T*> make(Arguments&&... arguments) {
        const std::span<std::byte> place = LKVM_TRY(bytes(sizeof(T), alignof(T)));
        return new (place.data()) T(std::forward<Arguments>(arguments)...);
    }
    template<class T>
    [[nodiscard]] Result<std::span<T>> make_array(std::size_t count) {
        const std::span<std::byte> place = LKVM_TRY(bytes(count * sizeof(T), alignof(T)));
        T* const first = reinterpret_cast<T*>(place.data());  // aligned, and made in the next line
        for (std::size_t i = 0; i < count; ++i) new (first + i) T;
        return std::span<T>{first, count};
    }

    /// Bytes taken from the source.
    [[nodiscard]] std::size_t taken() const { return taken_; }

private:
    ChunkSource& source_;
    std::span<std::byte> rest_;
    std::size_t taken_ = 0;
};

}  // namespace lkvm::hv
