// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/oracle/correlate.hpp"

#include <cmath>
#include <cstring>

#include "loongarch/isa/encode.hpp"

namespace lkvm::test::oracle {
namespace {

struct Layout {
    unsigned width;
    unsigned mantissa;
    std::int64_t exponents;  ///< number of exponent codes

    [[nodiscard]] std::int64_t bias() const { return exponents / 2 - 1; }
    [[nodiscard]] std::int64_t exponent(std::uint64_t bits) const {
        return static_cast<std::int64_t>(bits >> mantissa) & (exponents - 1);
    }
    /// `bits` with another exponent, kept inside the finite range.
    [[nodiscard]] std::uint64_t with_exponent(std::uint64_t bits, std::int64_t exponent) const {
        const std::int64_t limited = exponent < 0               ? 0
                                     : exponent > exponents - 2 ? exponents - 2
                                                                : exponent;
        const std::uint64_t field = static_cast<std::uint64_t>(exponents - 1) << mantissa;
        return (bits & ~field) | (static_cast<std::uint64_t>(limited) << mantissa);
    }
};
constexpr Layout single{32, 23, 256};
constexpr Layout double_precision{64, 52, 2048};

template<class T>
std::uint64_t product(std::uint64_t a, std::uint64_t b) {
    T x;
    T y;
    std::memcpy(&x, &a, sizeof(T));
    std::memcpy(&y, &b, sizeof(T));
    const T result = x * y;
    std::uint64_t bits = 0;
    std::memcpy(&bits, &result, sizeof(T));
    return bits;
}

class Correlator {
public:
    Correlator(const Layout& layout, Random& random)
        : layout_(layout)
        , random_(random)
        , what_(random.below(8)) {}

    /// Chooses k, and a if there is one, to suit j.
    void lane(std::uint64_t j, std::uint64_t& k, std::uint64_t& a) {
        const std::int64_t exponent = layout_.exponent(j);
        const std::int64_t near = near_edge();
        const std::uint64_t sign = std::uint64_t{1} << (layout_.width - 1);
        switch (what_) {
            case 0:  // nearly equal or opposite
                k = (j + random_.below(5) - 2) ^ (random_.one_in(2) ? sign : 0);
                break;
            case 1:
                k = layout_.with_exponent(k, near + layout_.bias() - exponent);
                break;
            case 2:
                k = layout_.with_exponent(k, exponent + layout_.bias() - near);
                break;
            case 3: {  // terms of a sum that overlap in the last bits
                const auto reach = static_cast<std::uint64_t>(layout_.mantissa) + 4;
                k = layout_.with_exponent(
                    k, exponent - static_cast<std::int64_t>(random_.below(reach)));
                break;
            }
            default:
                break;
        }
        if (!random_.one_in(2)) return;
        const std::uint64_t p = layout_.width == 32 ? product<float>(j, k) : product<double>(j, k);
        if (random_.one_in(2)) {
            a = (p + random_.below(3) - 1) ^ (random_.one_in(2) ? sign : 0);
        } else {
            const auto reach = static_cast<std::int64_t>(layout_.mantissa) * 2 + 6;
            const auto shift =
                static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(reach)));
            a = layout_.with_exponent(a, layout_.exponent(p) + shift - reach / 2);
        }
    }

private:
    /// An exponent around where numbers become denormal, vanish or overflow.
    std::int64_t near_edge() {
        const auto mantissa = static_cast<std::int64_t>(layout_.mantissa);
        switch (random_.below(3)) {
            case 0:
                return static_cast<std::int64_t>(random_.below(5)) - 2;
            case 1:
                return -static_cast<std::int64_t>(
                    random_.below(static_cast<std::uint64_t>(mantissa) + 4));
            default:
                return layout_.exponents - 4 + static_cast<std::int64_t>(random_.below(5));
        }
    }

    const Layout& layout_;
    Random& random_;
    std::uint64_t what_;
};

}  // namespace

void correlate_floats(CaseBlock& state, const la::Decoded& decoded, Random& random, Lanes lanes) {
    if ((lanes != Lanes::float32 && lanes != Lanes::float64) || random.one_in(3)) return;
    using la::Format;
    const Format format = la::format_of(decoded.insn);
    switch (format) {
        case Format::FDFJFK:
        case Format::CDFJFK:
        case Format::VDVJVK:
        case Format::XDXJXK:
        case Format::FDFJFKFA:
        case Format::VDVJVKVA:
        case Format::XDXJXKXA:
            break;
        default:
            return;
    }
    if (decoded.insn == la::Insn::fscaleb_s || decoded.insn == la::Insn::fscaleb_d) {
        // The second operand is an integer: mostly one that matters.
        const std::uint64_t scale = random.below(4400) - 2200;
        state.vr[decoded.rk][0] = lanes == Lanes::float32 ? scale << 32 >> 32 : scale;
        return;
    }
    const Layout& layout = lanes == Lanes::float32 ? single : double_precision;
    Correlator correlator(layout, random);
    const std::uint64_t ones = layout.width == 64 ? UINT64_MAX : 0xffff'ffffu;
    for (unsigned word = 0; word < 4; ++word) {
        for (unsigned at = 0; at < 64; at += layout.width) {
            const auto take = [&](unsigned number) {
                return (state.vr[number][word] >> at) & ones;
            };
            const auto give = [&](unsigned number, std::uint64_t value) {
                std::uint64_t& bits = state.vr[number][word];
                bits = (bits & ~(ones << at)) | ((value & ones) << at);
            };
            std::uint64_t k = take(decoded.rk);
            std::uint64_t a = take(decoded.ra);
            correlator.lane(take(decoded.rj), k, a);
            if (decoded.ra != decoded.rj) give(decoded.ra, a);
            if (decoded.rk != decoded.rj) give(decoded.rk, k);
        }
    }
}

}  // namespace lkvm::test::oracle
