// SPDX-License-Identifier: GPL-2.0-or-later
// The machine that instruction semantics run on when they are interpreted. A translator offers the
// same operations and emits code instead.
#pragma once

#include <cstdint>
#include <type_traits>

#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

/// Outcome of a conditional branch; its target is pc + imm.
struct Taken {
    bool taken = false;
};
/// Outcome of an indirect jump.
struct JumpTarget {
    std::uint64_t address = 0;
};

/// Values are 64-bit; those of conditions are 0 or 1. Shift counts are taken modulo the width.
struct Interp {
    using Value = std::uint64_t;
    __extension__ using Wide = __int128;
    __extension__ using UnsignedWide = unsigned __int128;

    Cpu& cpu;
    const Op* op;

    [[nodiscard]] Value gpr(unsigned number) const { return cpu.gpr[number]; }
    /// Register rd as a source where it is also a destination: the sink reads 0.
    [[nodiscard]] Value gpr_modified(unsigned number) const {
        return number == gpr_sink ? 0 : cpu.gpr[number];
    }
    void set_gpr(unsigned number, Value value) { cpu.gpr[number] = value; }
    [[nodiscard]] Value pc() const { return cpu.pc_of(op); }

    static Value imm(std::int64_t value) { return static_cast<Value>(value); }
    static Value add(Value a, Value b) { return a + b; }
    static Value sub(Value a, Value b) { return a - b; }
    static Value mul(Value a, Value b) { return a * b; }
    static Value mulh_signed(Value a, Value b) {
        const Wide product =
            static_cast<Wide>(static_cast<std::int64_t>(a)) * static_cast<std::int64_t>(b);
        return static_cast<Value>(product >> 64);
    }
    static Value mulh_unsigned(Value a, Value b) {
        return static_cast<Value>((static_cast<UnsignedWide>(a) * b) >> 64);
    }
    static Value bit_and(Value a, Value b) { return a & b; }
    static Value bit_or(Value a, Value b) { return a | b; }
    static Value bit_xor(Value a, Value b) { return a ^ b; }
    static Value bit_not(Value a) { return ~a; }
    static Value shift_left(Value a, Value n) { return a << (n & 63); }
    static Value shift_right(Value a, Value n) { return a >> (n & 63); }
    static Value shift_right_signed(Value a, Value n) {
        return static_cast<Value>(static_cast<std::int64_t>(a) >> (n & 63));
    }
    static Value rotate_right(Value a, Value n) { return __builtin_rotateright64(a, n); }
    static Value rotate_right_32(Value a, Value n) {
        return __builtin_rotateright32(static_cast<std::uint32_t>(a),
                                       static_cast<std::uint32_t>(n));
    }
    static Value sign_extend_8(Value a) { return extend<std::int8_t>(a); }
    static Value sign_extend_16(Value a) { return extend<std::int16_t>(a); }
    static Value sign_extend_32(Value a) { return extend<std::int32_t>(a); }
    static Value zero_extend_32(Value a) { return static_cast<std::uint32_t>(a); }
    static Value less_signed(Value a, Value b) {
        return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
    }
    static Value less_unsigned(Value a, Value b) { return a < b; }
    static Value equal(Value a, Value b) { return a == b; }
    static Value select(Value condition, Value a, Value b) { return condition != 0 ? a : b; }
    /// A pure function of two values that is not worth translating.
    template<auto function>
    static Value helper(Value a, Value b) {
        return function(a, b);
    }

    /// Loads a T, extends it as its signedness says, and writes register `rd`.
    template<class T>
    [[nodiscard]] bool load(unsigned rd, Value address) {
        std::make_unsigned_t<T> value;
        if (!cpu.load(address, value)) return false;
        cpu.gpr[rd] = static_cast<Value>(static_cast<std::int64_t>(static_cast<T>(value)));
        return true;
    }
    template<class T>
    [[nodiscard]] bool store(Value address, Value value) {
        return cpu.store(address, static_cast<T>(value));
    }

    static Taken branch(Value condition) { return Taken{condition != 0}; }
    static JumpTarget jump(Value target) { return JumpTarget{target}; }

private:
    template<class T>
    static Value extend(Value a) {
        return static_cast<Value>(static_cast<std::int64_t>(static_cast<T>(a)));
    }
};

}  // namespace lkvm::la
