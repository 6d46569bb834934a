// SPDX-License-Identifier: GPL-2.0-or-later
// Range-checked access to guest RAM for everything that is not a vCPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include <lkvm/gpa.hpp>
#include <lkvm/ram_banks.hpp>
#include <lkvm/result.hpp>

namespace lkvm {

/// Told about writes to guest RAM that do not come from a vCPU, before the guest learns of them.
/// The software CPU drops translated code of those pages; dirty logging will use the same call.
class WriteObserver {
public:
    /// [where, where + size) lies in one bank. Any thread.
    virtual void on_write(Gpa where, std::uint64_t size) = 0;

protected:
    ~WriteObserver() = default;  // never deleted through the interface
};

/// View of the guest's RAM banks. Does not own the mappings; any thread. Every address and length
/// may come from the guest: a range that is not wholly inside one bank is `out_of_range`.
/// Contents may change while we look: copy once, validate the copy.
class GuestMemory {
public:
    explicit constexpr GuestMemory(const RamBanks& banks)
        : banks_(banks) {}

    /// Set before the guest starts; null (nobody to tell) by default.
    void set_write_observer(WriteObserver* observer) { observer_ = observer; }

    [[nodiscard]] const RamBanks& banks() const { return banks_; }

    /// Bytes [where, where + size) if one bank holds them all. After writing through the span call
    /// mark_written() before the guest is told.
    [[nodiscard]] Result<std::span<std::byte>> slice(Gpa where, std::uint64_t size) const {
        const RamBank* bank = banks_.find(where);
        if (bank == nullptr) return fail(ErrorCode::out_of_range);
        const std::uint64_t offset = where.value - bank->base.value;
        if (size > bank->size - offset) return fail(ErrorCode::out_of_range);
        return std::span<std::byte>{bank->host + offset, static_cast<std::size_t>(size)};
    }

    [[nodiscard]] Result<> read_bytes(Gpa where, std::span<std::byte> out) const {
        const std::span<std::byte> from = LKVM_TRY(slice(where, out.size()));
        if (!out.empty()) std::memcpy(out.data(), from.data(), out.size());
        return {};
    }

    [[nodiscard]] Result<> write_bytes(Gpa where, std::span<const std::byte> in) const {
        const std::span<std::byte> to = LKVM_TRY(slice(where, in.size()));
        if (!in.empty()) std::memcpy(to.data(), in.data(), in.size());
        mark_written(where, in.size());
        return {};
    }

    template<class T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] Result<T> read(Gpa where) const {
        T value{};
        LKVM_TRY(read_bytes(where, std::as_writable_bytes(std::span{&value, 1})));
        return value;
    }

    template<class T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] Result<> write(Gpa where, const T& value) const {
        return write_bytes(where, std::as_bytes(std::span{&value, 1}));
    }

    /// Announces that [where, where + size), inside one bank, was written behind the CPU's back.
    void mark_written(Gpa where, std::uint64_t size) const {
        if (observer_ != nullptr && size != 0) observer_->on_write(where, size);
    }

private:
    const RamBanks& banks_;
    WriteObserver* observer_ = nullptr;
};

}  // namespace lkvm
