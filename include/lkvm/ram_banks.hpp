// SPDX-License-Identifier: GPL-2.0-or-later
// The table of guest RAM banks: sorted by base, non-overlapping, at most max_ram_banks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/gpa.hpp>
#include <lkvm/result.hpp>

namespace lkvm {

inline constexpr std::size_t max_ram_banks = 8;
/// Banks start and end at multiples of this, so that every guest page size up to 64 KiB fits.
inline constexpr std::uint64_t ram_bank_alignment = 0x10000;
inline constexpr Gpa default_ram_base{0x90000000};

/// One range of guest RAM. `host` is where its first byte is mapped, or null while unmapped.
struct RamBank {
    Gpa base;
    std::uint64_t size = 0;
    std::byte* host = nullptr;

    [[nodiscard]] constexpr std::uint64_t last() const { return base.value + (size - 1); }
    [[nodiscard]] constexpr bool contains(Gpa where) const {
        return where >= base && where.value - base.value < size;
    }
};

/// Filled before the guest starts, read-only afterwards (then any thread may read).
class RamBanks {
public:
    /// Inserts a bank at its place. Errors: `invalid_argument` (size 0), `misaligned` (not
    /// ram_bank_alignment), `out_of_range` (wraps around), `overlap` (detail: index of the other
    /// bank), `too_many`.
    [[nodiscard]] constexpr Result<> add(RamBank bank) {
        if (bank.size == 0) return fail(ErrorCode::invalid_argument);
        if ((bank.base.value | bank.size) % ram_bank_alignment != 0) {
            return fail(ErrorCode::misaligned);
        }
        if (bank.size - 1 > UINT64_MAX - bank.base.value) return fail(ErrorCode::out_of_range);
        std::size_t place = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const RamBank& other = banks_[i];
            if (bank.base.value <= other.last() && other.base.value <= bank.last()) {
                return fail(ErrorCode::overlap, i);
            }
            if (other.base < bank.base) place = i + 1;
        }
        if (count_ == max_ram_banks) return fail(ErrorCode::too_many);
        for (std::size_t i = count_; i > place; --i) banks_[i] = banks_[i - 1];
        banks_[place] = bank;
        ++count_;
        return {};
    }

    [[nodiscard]] constexpr std::span<const RamBank> all() const { return {banks_.data(), count_}; }
    [[nodiscard]] constexpr std::span<RamBank> all() { return {banks_.data(), count_}; }
    [[nodiscard]] constexpr std::size_t size() const { return count_; }
    [[nodiscard]] constexpr bool empty() const { return count_ == 0; }
    [[nodiscard]] constexpr const RamBank& lowest() const { return banks_[0]; }

    /// The bank that holds `where`, or null.
    [[nodiscard]] constexpr const RamBank* find(Gpa where) const {
        for (const RamBank& bank : all()) {
            if (bank.contains(where)) return &bank;
        }
        return nullptr;
    }

    [[nodiscard]] constexpr std::uint64_t total_size() const {
        std::uint64_t sum = 0;
        for (const RamBank& bank : all()) sum += bank.size;
        return sum;
    }

private:
    std::array<RamBank, max_ram_banks> banks_{};
    std::size_t count_ = 0;
};

}  // namespace lkvm
