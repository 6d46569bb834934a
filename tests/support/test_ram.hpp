// SPDX-License-Identifier: GPL-2.0-or-later
// Guest RAM for tests: banks with guard pages around them, and a record of announced writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <lkvm/guest_memory.hpp>
#include <lkvm/ram_banks.hpp>

#include <sys/mman.h>

namespace lkvm::test {

/// Remembers what was announced as written.
class RecordingObserver final : public WriteObserver {
public:
    void on_write(Gpa where, std::uint64_t size) override { writes.push_back({where, size}); }

    /// Every byte of the range was announced since the last clear().
    [[nodiscard]] bool covers(Gpa where, std::uint64_t size) const {
        for (std::uint64_t i = 0; i < size; ++i) {
            bool found = false;
            for (const auto& [base, length] : writes) {
                const std::uint64_t at = where.value + i;
                found = found || (at >= base.value && at - base.value < length);
            }
            if (!found) return false;
        }
        return true;
    }

    std::vector<std::pair<Gpa, std::uint64_t>> writes;
};

/// Two banks that touch each other, far apart on the host, and one behind a gap. An access outside
/// a bank's memory dies on a guard page.
class TestRam {
public:
    static constexpr std::uint64_t bank_size = 0x400000;
    static constexpr std::uint64_t third_size = 0x4000000;
    static constexpr Gpa first{0x90000000};
    static constexpr Gpa second{first.value + bank_size};
    static constexpr Gpa third{0xa0000000};
    static constexpr Gpa gap{second.value + bank_size};

    TestRam() {
        for (const Gpa base : {first, second, third}) {
            const std::uint64_t size = base == third ? third_size : bank_size;
            void* const all = ::mmap(nullptr, size + 2 * guard, PROT_NONE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            EXPECT_NE(all, MAP_FAILED);
            std::byte* const host = static_cast<std::byte*>(all) + guard;
            EXPECT_EQ(::mprotect(host, size, PROT_READ | PROT_WRITE), 0);
            mappings_.push_back({all, size + 2 * guard});
            EXPECT_TRUE(banks.add({base, size, host}).has_value());
        }
        memory.set_write_observer(&observer);
    }
    ~TestRam() {
        for (const auto& [all, size] : mappings_) ::munmap(all, size);
    }
    TestRam(const TestRam&) = delete;
    TestRam& operator=(const TestRam&) = delete;

    /// Zeroed bytes in the first bank that nobody else got.
    [[nodiscard]] Gpa allocate(std::uint64_t size, std::uint64_t alignment = 16) {
        next_ = (next_ + alignment - 1) / alignment * alignment;
        const Gpa where{first.value + next_};
        next_ += size;
        EXPECT_LE(next_, bank_size);
        return where;
    }

    template<class T>
    [[nodiscard]] T get(Gpa where) const {
        const Result<T> value = memory.read<T>(where);
        EXPECT_TRUE(value.has_value());
        return value.value_or(T{});
    }
    /// As the guest writes: not announced.
    template<class T>
    void put(Gpa where, const T& value) {
        put_bytes(where, std::as_bytes(std::span{&value, 1}));
    }
    void put_bytes(Gpa where, std::span<const std::byte> bytes) {
        const auto to = memory.slice(where, bytes.size());
        ASSERT_TRUE(to.has_value());
        if (!bytes.empty()) std::memcpy(to.value().data(), bytes.data(), bytes.size());
    }
    [[nodiscard]] std::vector<std::byte> bytes(Gpa where, std::size_t size) const {
        std::vector<std::byte> result(size);
        EXPECT_TRUE(memory.read_bytes(where, result).has_value());
        return result;
    }

    RamBanks banks;
    GuestMemory memory{banks};
    RecordingObserver observer;

private:
    static constexpr std::size_t guard = 0x10000;

    std::vector<std::pair<void*, std::size_t>> mappings_;
    std::uint64_t next_ = 0x1000;
};

}  // namespace lkvm::test
