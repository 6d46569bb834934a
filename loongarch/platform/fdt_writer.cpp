// SPDX-License-Identifier: GPL-2.0-or-later
// Sequential writer of a flattened device tree, on libfdt's sequential-write functions.
#include "loongarch/platform/fdt_writer.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#include <libfdt.h>

#include <lkvm/endian.hpp>

namespace lkvm::la {

/// A NUL-terminated copy of a name, with a unit address if wanted.
class FdtWriter::Name {
public:
    explicit Name(std::string_view name) {
        fits_ = name.size() <= max_name;
        if (!fits_) return;
        std::memcpy(text_.data(), name.data(), name.size());
        length_ = name.size();
    }

    void append_hex(std::uint64_t value) {
        std::size_t digits = 1;
        while (digits < 16 && value >> (4 * digits) != 0) ++digits;
        if (!fits_ || length_ + 1 + digits > max_name) {
            fits_ = false;
            return;
        }
        text_[length_++] = '@';
        while (digits-- != 0) text_[length_++] = "0123456789abcdef"[value >> (4 * digits) & 0xf];
    }

    [[nodiscard]] bool fits() const { return fits_; }
    [[nodiscard]] const char* c_str() const { return text_.data(); }

private:
    std::array<char, max_name + 1> text_{};
    std::size_t length_ = 0;
    bool fits_ = true;
};

FdtWriter::FdtWriter(std::span<std::byte> buffer, void (*between_nodes)())
    : buffer_(buffer)
    , between_nodes_(between_nodes) {
    const std::size_t size = buffer.size() < INT32_MAX ? buffer.size() : INT32_MAX;
    check(fdt_create(buffer_.data(), static_cast<int>(size)));
}

void FdtWriter::check(int status) {
    if (status >= 0 || failed_) return;
    failed_ = true;
    const bool full = status == -FDT_ERR_NOSPACE;
    error_ = fail(full ? ErrorCode::no_space : ErrorCode::invalid_argument);
}

void FdtWriter::reserve(Gpa base, std::uint64_t size) {
    if (!failed_) check(fdt_add_reservemap_entry(buffer_.data(), base.value, size));
}

void FdtWriter::start_nodes() {
    if (between_nodes_ != nullptr) between_nodes_();
    if (nodes_started_) return;
    nodes_started_ = true;
    check(fdt_finish_reservemap(buffer_.data()));
}

void FdtWriter::begin_node(std::string_view name) {
    if (failed_) return;
    start_nodes();
    const Name text(name);
    check(text.fits() ? fdt_begin_node(buffer_.data(), text.c_str()) : -FDT_ERR_BADVALUE);
}

void FdtWriter::begin_node(std::string_view name, Gpa unit_address) {
    if (failed_) return;
    start_nodes();
    Name text(name);
    text.append_hex(unit_address.value);
    check(text.fits() ? fdt_begin_node(buffer_.data(), text.c_str()) : -FDT_ERR_BADVALUE);
}

void FdtWriter::end_node() {
    if (!failed_) check(fdt_end_node(buffer_.data()));
}

std::byte* FdtWriter::property(std::string_view name, std::size_t size) {
    if (failed_) return nullptr;
    const Name text(name);
    void* value = nullptr;
    const bool sound = text.fits() && size <= INT32_MAX;
    check(sound ? fdt_property_placeholder(buffer_.data(), text.c_str(), static_cast<int>(size),
                                           &value)
                : -FDT_ERR_BADVALUE);
    return failed_ ? nullptr : static_cast<std::byte*>(value);
}

void FdtWriter::flag(std::string_view name) {
    property(name, 0);
}

void FdtWriter::cells(std::string_view name, std::initializer_list<std::uint32_t> values) {
    std::byte* to = property(name, 4 * values.size());
    if (to == nullptr) return;
    for (const std::uint32_t value : values) {
        const Be32 cell(value);
        std::memcpy(to, &cell, sizeof cell);
        to += sizeof cell;
    }
}

void FdtWriter::address(std::string_view name, std::uint64_t value) {
    cells(name, {static_cast<std::uint32_t>(value >> 32), static_cast<std::uint32_t>(value)});
}

void FdtWriter::string(std::string_view name, std::string_view text) {
    if (text.size() > max_text) check(-FDT_ERR_BADVALUE);
    std::byte* to = property(name, text.size() + 1);
    if (to == nullptr) return;
    std::memcpy(to, text.data(), text.size());
    to[text.size()] = std::byte{0};
}

void FdtWriter::bytes(std::string_view name, std::span<const std::byte> value) {
    std::byte* to = property(name, value.size());
    if (to != nullptr && !value.empty()) std::memcpy(to, value.data(), value.size());
}

void FdtWriter::reg(Gpa base, std::uint64_t size) {
    cells("reg",
          {static_cast<std::uint32_t>(base.value >> 32), static_cast<std::uint32_t>(base.value),
           static_cast<std::uint32_t>(size >> 32), static_cast<std::uint32_t>(size)});
}

void FdtWriter::interrupt(unsigned pin, Trigger trigger) {
    cells("interrupt-parent", {phandles::pch_pic});
    cells("interrupts", {pin, static_cast<std::uint32_t>(trigger)});
}

Result<std::span<const std::byte>> FdtWriter::finish() {
    if (!failed_) check(fdt_finish(buffer_.data()));
    if (failed_) return error_;
    Be32 total_size;
    std::memcpy(&total_size, buffer_.data() + offsetof(fdt_header, totalsize), sizeof total_size);
    return std::span<const std::byte>(buffer_.data(), total_size.value());
}

}  // namespace lkvm::la
