// SPDX-License-Identifier: GPL-2.0-or-later
// Random register contents with a taste for edge cases.
#pragma once

#include <cstdint>
#include <random>

#include "tests/isa/oracle/block.hpp"

namespace lkvm::test::oracle {

/// Random numbers of one case. The same seed gives the same cases everywhere.
class Random {
public:
    explicit Random(std::uint64_t seed)
        : engine_(seed) {}

    std::uint64_t bits() { return engine_(); }
    /// 0 to `limit` - 1.
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    /// True once in `n`.
    bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

/// What the lanes of a vector hold.
enum class Lanes { int8, int16, int32, int64, float16, float32, float64, bits };

/// An integer of `width` bits: limits, small numbers, single bits, anything.
std::uint64_t random_integer(Random& random, unsigned width);
/// A floating-point number with `width` bits (16, 32, 64): zeros, infinities, NaNs of both kinds,
/// denormals, limits, short mantissas, numbers around those of other formats, anything.
std::uint64_t random_float(Random& random, unsigned width);
Vector random_vector(Random& random, Lanes lanes);

}  // namespace lkvm::test::oracle
