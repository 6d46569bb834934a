// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: interleaving, packing and permuting of lanes within 128-bit blocks. LA Vol.2.
#pragma once

#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

// Two lanes side by side are handled as one integer of double width: such loops become vector
// code, loops with a stride do not.

template<class T>
[[nodiscard]] inline UnsignedWide<T> pair_of(T low, T high) {
    using Pair = UnsignedWide<T>;
    return static_cast<Pair>(static_cast<Modular<Pair>>(low) | static_cast<Modular<Pair>>(high)
                                                                   << bits_of<T>);
}

template<class T, unsigned odd>
[[nodiscard]] inline T lane_of(UnsignedWide<T> pair) {
    return static_cast<T>(pair >> (odd * bits_of<T>));
}

/// Even or odd lanes of rk, each followed by that of rj.
template<class Form, class T, unsigned odd>
void pack(Cpu& cpu, const Op& op) {
    using Pair = UnsignedWide<T>;
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto high = read<Pair>(cpu, op.rj, block);
        const auto low = read<Pair>(cpu, op.rk, block);
        Block<Pair> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) {
            result[i] = pair_of<T>(lane_of<T, odd>(low[i]), lane_of<T, odd>(high[i]));
        }
        write<Pair>(cpu, op.rd, block, result);
    });
}

/// Even or odd lanes: low half of each block from rk, high half from rj.
template<class Form, class T, unsigned odd>
void pick(Cpu& cpu, const Op& op) {
    using Pair = UnsignedWide<T>;
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto high = read<Pair>(cpu, op.rj, block);
        const auto low = read<Pair>(cpu, op.rk, block);
        Block<T> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < low.size(); ++i) result[i] = lane_of<T, odd>(low[i]);
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < high.size(); ++i) {
            result[high.size() + i] = lane_of<T, odd>(high[i]);
        }
        write<T>(cpu, op.rd, block, result);
    });
}

/// Lanes of the low or high half of each block, rk and rj in turn.
template<class Form, class T, bool high_half>
void interleave(Cpu& cpu, const Op& op) {
    using Pair = UnsignedWide<T>;
    constexpr unsigned first = high_half ? block_lanes<Pair> : 0;
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto high = read<T>(cpu, op.rj, block);
        const auto low = read<T>(cpu, op.rk, block);
        Block<Pair> result;
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < result.size(); ++i) {
            result[i] = pair_of<T>(low[first + i], high[first + i]);
        }
        write<Pair>(cpu, op.rd, block, result);
    });
}

/// The lanes of two blocks under one index: first those of `low`.
template<class T>
class LaneTable {
public:
    LaneTable(const Block<T>& low, const Block<T>& high)
        : blocks_{low, high} {}

    [[nodiscard]] T at(UnsignedOf<T> index) const {
        const auto i = static_cast<unsigned>(index % (2 * block_lanes<T>));
        return blocks_[i / block_lanes<T>][i % block_lanes<T>];
    }

private:
    std::array<Block<T>, 2> blocks_;
};

/// vshuf.b: lanes of rk and rj chosen by the low five bits of the bytes of ra.
template<class Form>
void shuffle_bytes(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const LaneTable<std::uint8_t> table{read<std::uint8_t>(cpu, op.rk, block),
                                            read<std::uint8_t>(cpu, op.rj, block)};
        auto lanes = read<std::uint8_t>(cpu, op.ra, block);
        LKVM_SIMD_LOOP
        for (unsigned i = 0; i < lanes.size(); ++i) lanes[i] = table.at(lanes[i]);
        write<std::uint8_t>(cpu, op.rd, block, lanes);
    });
}

/// vshuf.h and wider: the old rd chooses.
template<class Form, class T>
void shuffle(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const LaneTable<T> table{read<T>(cpu, op.rk, block), read<T>(cpu, op.rj, block)};
        auto lanes = read<T>(cpu, op.rd, block);
        for (unsigned i = 0; i < lanes.size(); ++i) lanes[i] = table.at(lanes[i]);
        write<T>(cpu, op.rd, block, lanes);
    });
}

/// Two bits of an immediate.
[[nodiscard]] inline unsigned selector(const Op& op, unsigned index) {
    return (static_cast<unsigned>(op.imm) >> (2 * index)) & 3;
}

/// Each group of four lanes permuted alike by the immediate.
template<class Form, class T>
void shuffle_fours(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        Block<T> result;
        for (unsigned group = 0; group < a.size(); group += 4) {
            for (unsigned i = 0; i < 4; ++i) result[group + i] = a[group + selector(op, i)];
        }
        write<T>(cpu, op.rd, block, result);
    });
}

/// vshuf4i.d: both lanes of the result from the old rd (0, 1) and rj (2, 3).
template<class Form>
void shuffle_doublewords(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const LaneTable<std::uint64_t> table{read<std::uint64_t>(cpu, op.rd, block),
                                             read<std::uint64_t>(cpu, op.rj, block)};
        write<std::uint64_t>(cpu, op.rd, block,
                             {table.at(selector(op, 0)), table.at(selector(op, 1))});
    });
}

/// vpermi.w: the low two words from rj, the high two from the old rd.
template<class Form>
void permute_words(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto low = read<std::uint32_t>(cpu, op.rj, block);
        const auto high = read<std::uint32_t>(cpu, op.rd, block);
        write<std::uint32_t>(cpu, op.rd, block,
                             {low[selector(op, 0)], low[selector(op, 1)], high[selector(op, 2)],
                              high[selector(op, 3)]});
    });
}

/// Lane imm[7:4] of rd becomes lane imm[3:0] of rj; for wide lanes the upper bits do not count.
template<class Form, class T>
void extract_insert(Cpu& cpu, const Op& op) {
    const auto immediate = static_cast<unsigned>(op.imm);
    each_block<Form>(cpu, op, [&](unsigned block) {
        const auto a = read<T>(cpu, op.rj, block);
        auto result = read<T>(cpu, op.rd, block);
        result[(immediate >> 4) % block_lanes<T>] = a[immediate % block_lanes<T>];
        write<T>(cpu, op.rd, block, result);
    });
}

/// Number of the first negative lane, or of lanes if there is none.
template<class T>
[[nodiscard]] inline unsigned first_negative(const Block<T>& lanes) {
    unsigned i = 0;
    while (i < lanes.size() && lanes[i] >= 0) ++i;
    return i;
}

/// That number of rj goes into the lane of rd that lane 0 of each block of rk names.
template<class Form, class T>
void note_first_negative(Cpu& cpu, const Op& op) {
    each_block<Form>(cpu, op, [&](unsigned block) {
        const unsigned where = UnsignedOf<T>(read<T>(cpu, op.rk, block)[0]) % block_lanes<T>;
        auto result = read<T>(cpu, op.rd, block);
        result[where] = static_cast<T>(first_negative(read<T>(cpu, op.rj, block)));
        write<T>(cpu, op.rd, block, result);
    });
}

/// The same with the lane named by the immediate.
template<class Form, class T>
void note_first_negative_imm(Cpu& cpu, const Op& op) {
    const unsigned where = static_cast<unsigned>(op.imm) % block_lanes<T>;
    each_block<Form>(cpu, op, [&](unsigned block) {
        auto result = read<T>(cpu, op.rd, block);
        result[where] = static_cast<T>(first_negative(read<T>(cpu, op.rj, block)));
        write<T>(cpu, op.rd, block, result);
    });
}

}  // namespace simd

// An even and an odd, or low and high, instruction for each lane width.
#define LKVM_SIMD_HALVES(NAME0, NAME1, SHAPE)             \
    LKVM_SIMD(NAME0##_b, clear, SHAPE, std::uint8_t, 0);  \
    LKVM_SIMD(NAME0##_h, clear, SHAPE, std::uint16_t, 0); \
    LKVM_SIMD(NAME0##_w, clear, SHAPE, std::uint32_t, 0); \
    LKVM_SIMD(NAME0##_d, clear, SHAPE, std::uint64_t, 0); \
    LKVM_SIMD(NAME1##_b, clear, SHAPE, std::uint8_t, 1);  \
    LKVM_SIMD(NAME1##_h, clear, SHAPE, std::uint16_t, 1); \
    LKVM_SIMD(NAME1##_w, clear, SHAPE, std::uint32_t, 1); \
    LKVM_SIMD(NAME1##_d, clear, SHAPE, std::uint64_t, 1)

LKVM_SIMD_HALVES(packev, packod, pack);
LKVM_SIMD_HALVES(pickev, pickod, pick);
LKVM_SIMD_HALVES(ilvl, ilvh, interleave);

#undef LKVM_SIMD_HALVES

// Shapes without a lane type.
#define LKVM_SIMD_PLAIN_SHAPE(NAME, SHAPE)                   \
    inline void v##NAME(Cpu& cpu, const Op& op) {            \
        simd::SHAPE<simd::Lsx<simd::Upper::clear>>(cpu, op); \
    }                                                        \
    inline void xv##NAME(Cpu& cpu, const Op& op) {           \
        simd::SHAPE<simd::Lasx>(cpu, op);                    \
    }                                                        \
    static_assert(true)

LKVM_SIMD_PLAIN_SHAPE(shuf_b, shuffle_bytes);
LKVM_SIMD(shuf_h, clear, shuffle, std::uint16_t);
LKVM_SIMD(shuf_w, clear, shuffle, std::uint32_t);
LKVM_SIMD(shuf_d, clear, shuffle, std::uint64_t);
LKVM_SIMD(shuf4i_b, clear, shuffle_fours, std::uint8_t);
LKVM_SIMD(shuf4i_h, clear, shuffle_fours, std::uint16_t);
LKVM_SIMD(shuf4i_w, clear, shuffle_fours, std::uint32_t);
LKVM_SIMD_PLAIN_SHAPE(shuf4i_d, shuffle_doublewords);
LKVM_SIMD_PLAIN_SHAPE(permi_w, permute_words);

#undef LKVM_SIMD_PLAIN_SHAPE

LKVM_SIMD(extrins_b, keep, extract_insert, std::uint8_t);
LKVM_SIMD(extrins_h, keep, extract_insert, std::uint16_t);
LKVM_SIMD(extrins_w, keep, extract_insert, std::uint32_t);
LKVM_SIMD(extrins_d, keep, extract_insert, std::uint64_t);

LKVM_SIMD(frstp_b, keep, note_first_negative, std::int8_t);
LKVM_SIMD(frstp_h, keep, note_first_negative, std::int16_t);
LKVM_SIMD(frstpi_b, keep, note_first_negative_imm, std::int8_t);
LKVM_SIMD(frstpi_h, keep, note_first_negative_imm, std::int16_t);

}  // namespace lkvm::la::sem
