// SPDX-License-Identifier: GPL-2.0-or-later
// Sequential writer of the little ACPI machine language that describes our devices.
// ACPI 6.5 §20.2, §6.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/assert.hpp>

namespace lkvm::la {

/// Bytes in order, at most as many as the buffer has: what goes beyond is dropped and noted.
class TableWriter {
public:
    explicit TableWriter(std::span<std::byte> buffer)
        : buffer_(buffer) {}

    void u8(std::uint64_t value) { number(value, 1); }
    void u16(std::uint64_t value) { number(value, 2); }
    void u32(std::uint64_t value) { number(value, 4); }
    void u64(std::uint64_t value) { number(value, 8); }
    void zeros(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) u8(0);
    }
    void text(std::string_view value) {
        for (const char c : value) u8(static_cast<unsigned char>(c));
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool overflowed() const { return size_ > buffer_.size(); }
    /// Replaces bytes written before.
    void patch(std::size_t at, std::uint64_t value, unsigned bytes) {
        for (unsigned i = 0; i < bytes && at + i < buffer_.size(); ++i) {
            buffer_[at + i] = static_cast<std::byte>(value >> (8 * i));
        }
    }
    /// What makes the bytes from `start` on sum up to 0, modulo 256.
    [[nodiscard]] std::uint8_t checksum(std::size_t start) const {
        unsigned sum = 0;
        for (std::size_t i = start; i < size_ && i < buffer_.size(); ++i) {
            sum += std::to_integer<unsigned>(buffer_[i]);
        }
        return static_cast<std::uint8_t>(0 - sum);
    }

private:
    void number(std::uint64_t value, unsigned bytes) {
        patch(size_, value, bytes);
        size_ += bytes;
    }

    std::span<std::byte> buffer_;
    std::size_t size_ = 0;
};

/// Names have four characters. Lengths always take three bytes.
class AmlWriter {
public:
    explicit AmlWriter(TableWriter& out)
        : out_(out) {}

    /// Something whose contents follow until close().
    using Open = std::size_t;

    [[nodiscard]] Open scope(std::string_view name) {
        out_.u8(scope_op);
        return open(name);
    }
    [[nodiscard]] Open device(std::string_view name) {
        out_.u8(extended_op);
        out_.u8(device_op);
        return open(name);
    }
    void close(Open at) {
        const std::uint64_t length = out_.size() - at;
        LKVM_ASSERT(length < 1u << 20);
        out_.patch(at, two_more_bytes | (length & 0xf), 1);
        out_.patch(at + 1, length >> 4, 2);
    }

    void name(std::string_view name, std::string_view value) {
        begin_name(name);
        out_.u8(string_op);
        out_.text(value);
        out_.u8(0);
    }
    void name(std::string_view name, std::uint32_t value) {
        begin_name(name);
        out_.u8(dword_op);
        out_.u32(value);
    }
    /// _S5_: what the sleep control register takes to turn the machine off.
    void sleep_type(std::string_view name, std::uint8_t type) {
        begin_name(name);
        out_.u8(package_op);
        const Open package = open_length();
        constexpr std::uint8_t members = 4;
        out_.u8(members);
        out_.u8(byte_op);
        out_.u8(type);
        out_.zeros(members - 1);
        close(package);
    }
    struct Resources {
        std::uint32_t base = 0;
        std::uint32_t size = 0;
        std::uint32_t interrupt = 0;
        bool edge = false;
    };
    /// _CRS: registers and one interrupt, active high.
    void resources(const Resources& what) {
        begin_name("_CRS");
        out_.u8(buffer_op);
        const Open buffer = open_length();
        out_.u8(byte_op);
        out_.u8(memory_size + interrupt_size + end_size);
        out_.u8(memory32_fixed);
        out_.u16(memory_size - 3);
        out_.u8(1);  // writable
        out_.u32(what.base);
        out_.u32(what.size);
        out_.u8(extended_interrupt);
        out_.u16(interrupt_size - 3);
        out_.u8(1u | (what.edge ? 2u : 0u));  // consumer
        out_.u8(1);
        out_.u32(what.interrupt);
        out_.u8(end_tag);
        out_.u8(0);
        close(buffer);
    }

private:
    static constexpr std::uint8_t name_op = 0x08;
    static constexpr std::uint8_t byte_op = 0x0a;
    static constexpr std::uint8_t dword_op = 0x0c;
    static constexpr std::uint8_t string_op = 0x0d;
    static constexpr std::uint8_t scope_op = 0x10;
    static constexpr std::uint8_t buffer_op = 0x11;
    static constexpr std::uint8_t package_op = 0x12;
    static constexpr std::uint8_t extended_op = 0x5b;
    static constexpr std::uint8_t device_op = 0x82;
    static constexpr std::uint8_t two_more_bytes = 0x80;
    static constexpr std::uint8_t memory32_fixed = 0x86;
    static constexpr std::uint8_t extended_interrupt = 0x89;
    static constexpr std::uint8_t end_tag = 0x79;
    static constexpr std::uint8_t memory_size = 12;
    static constexpr std::uint8_t interrupt_size = 9;
    static constexpr std::uint8_t end_size = 2;

    [[nodiscard]] Open open_length() {
        const Open at = out_.size();
        out_.zeros(3);
        return at;
    }
    [[nodiscard]] Open open(std::string_view name) {
        const Open at = open_length();
        out_.text(name);
        return at;
    }
    void begin_name(std::string_view name) {
        out_.u8(name_op);
        out_.text(name);
    }

    TableWriter& out_;
};

}  // namespace lkvm::la
