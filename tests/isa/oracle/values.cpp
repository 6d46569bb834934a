// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/oracle/values.hpp"

#include <algorithm>
#include <array>

namespace lkvm::test::oracle {
namespace {

constexpr std::uint64_t ones(unsigned width) {
    return width == 64 ? UINT64_MAX : (std::uint64_t{1} << width) - 1;
}

struct FloatLayout {
    unsigned mantissa;
    unsigned exponent;
};

constexpr FloatLayout layout_of(unsigned width) {
    if (width == 16) return {10, 5};
    if (width == 32) return {23, 8};
    return {52, 11};
}

std::uint64_t lane_value(Random& random, Lanes lanes) {
    switch (lanes) {
        case Lanes::int8:
            return random_integer(random, 8);
        case Lanes::int16:
            return random_integer(random, 16);
        case Lanes::int32:
            return random_integer(random, 32);
        case Lanes::int64:
            return random_integer(random, 64);
        case Lanes::float16:
            return random_float(random, 16);
        case Lanes::float32:
            return random_float(random, 32);
        case Lanes::float64:
            return random_float(random, 64);
        case Lanes::bits:
            break;
    }
    return random.bits();
}

constexpr unsigned width_of(Lanes lanes) {
    switch (lanes) {
        case Lanes::int8:
            return 8;
        case Lanes::int16:
        case Lanes::float16:
            return 16;
        case Lanes::int32:
        case Lanes::float32:
            return 32;
        case Lanes::int64:
        case Lanes::float64:
        case Lanes::bits:
            break;
    }
    return 64;
}

}  // namespace

std::uint64_t random_integer(Random& random, unsigned width) {
    const std::uint64_t all = ones(width);
    const std::uint64_t top = std::uint64_t{1} << (width - 1);
    switch (random.below(8)) {
        case 0: {
            const std::array edges = {std::uint64_t{0}, std::uint64_t{1}, all,     top,
                                      top - 1,          top + 1,          all - 1, all >> 2};
            return edges[random.below(edges.size())] & all;
        }
        case 1:
            return random.below(2 * width) & all;
        case 2:
            return (0 - random.below(2 * width)) & all;
        case 3:
            return std::uint64_t{1} << random.below(width);
        case 4: {
            // A value of half the width, extended either way.
            const unsigned half = width / 2;
            const std::uint64_t low = random.bits() & ones(half);
            const bool negative = (low >> (half - 1)) != 0 && random.one_in(2);
            return (negative ? low | (all ^ ones(half)) : low) & all;
        }
        default:
            return random.bits() & all;
    }
}

std::uint64_t random_float(Random& random, unsigned width) {
    const FloatLayout layout = layout_of(width);
    const std::uint64_t mantissa_mask = ones(layout.mantissa);
    const std::uint64_t exponent_mask = ones(layout.exponent);
    const std::uint64_t bias = exponent_mask >> 1;
    const std::uint64_t sign = random.below(2) << (width - 1);
    const auto make = [&](std::uint64_t exponent, std::uint64_t mantissa) {
        return sign | ((exponent & exponent_mask) << layout.mantissa) | (mantissa & mantissa_mask);
    };
    const std::uint64_t quiet = std::uint64_t{1} << (layout.mantissa - 1);
    switch (random.below(16)) {
        case 0:
            return make(0, 0);
        case 1:
            return make(exponent_mask, 0);
        case 2:
            return make(exponent_mask, random.bits() | quiet);
        case 3:
            return make(exponent_mask, ((random.bits() & ~quiet) | 1) & mantissa_mask);
        case 4:
            return make(0, random.bits());  // denormal
        case 5: {
            const std::array edges = {make(0, 1),
                                      make(0, mantissa_mask),
                                      make(1, 0),
                                      make(1, 1),
                                      make(exponent_mask - 1, mantissa_mask),
                                      make(bias, 0),
                                      make(bias, 1),
                                      make(bias - 1, mantissa_mask)};
            return edges[random.below(edges.size())];
        }
        case 6:
        case 7: {
            // Few mantissa bits at either end: exact results, ties, carries.
            const std::uint64_t few = (random.bits() & 7) << (layout.mantissa - 3);
            return make(bias - 4 + random.below(9), random.one_in(2) ? few : few | random.below(4));
        }
        case 8: {
            // Around powers of two where conversions to integers and shorter formats have limits.
            const std::array limits = {14ul, 15ul, 16ul, 30ul,  31ul, 32ul,
                                       62ul, 63ul, 64ul, 127ul, 128ul};
            const std::uint64_t exponent = bias + limits[random.below(limits.size())];
            const std::uint64_t kind = random.below(3);
            return make(exponent, kind == 0 ? 0 : kind == 1 ? mantissa_mask : random.bits());
        }
        case 9: {
            // Small numbers near the denormals of this and of shorter formats.
            const std::array limits = {24ul, 25ul, 126ul, 127ul, 149ul, 150ul};
            return make(random.one_in(2) ? random.below(layout.mantissa + 3)
                                         : bias - limits[random.below(limits.size())],
                        random.bits());
        }
        case 10:
            return make(bias - 1 + random.below(layout.mantissa + 2), random.bits());
        case 11:
            return make(exponent_mask - 1 - random.below(3), random.bits());
        case 12: {
            // Halfway between numbers of a shorter format, and just beside.
            const unsigned cut = layout.mantissa - (width == 64 ? 23 : 10);
            const std::uint64_t half = std::uint64_t{1} << (cut == 0 ? 0 : cut - 1);
            const std::uint64_t mantissa = (random.bits() << cut) + half + random.below(3) - 1;
            const std::uint64_t reach = std::min<std::uint64_t>(150, bias - 1);
            return make(bias - reach + random.below(2 * reach), mantissa);
        }
        default:
            return make(random.bits(), random.bits());
    }
}

Vector random_vector(Random& random, Lanes lanes) {
    const unsigned width = width_of(lanes);
    Vector vector{};
    for (auto& word : vector) {
        for (unsigned at = 0; at < 64; at += width) word |= lane_value(random, lanes) << at;
    }
    return vector;
}

}  // namespace lkvm::test::oracle
