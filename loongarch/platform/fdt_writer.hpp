// SPDX-License-Identifier: GPL-2.0-or-later
// Sequential writer of a flattened device tree (DT spec §5) into a buffer of the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include <lkvm/gpa.hpp>
#include <lkvm/result.hpp>

namespace lkvm::la {

/// phandle values of the nodes that others refer to.
namespace phandles {
inline constexpr std::uint32_t cpu_interrupts = 1;
inline constexpr std::uint32_t eiointc = 2;
inline constexpr std::uint32_t pch_pic = 3;
inline constexpr std::uint32_t power = 4;
}  // namespace phandles

/// Trigger cell of a PCH-PIC interrupt specifier.
enum class Trigger : std::uint32_t { edge_rising = 1, level_high = 4 };

/// Writes nodes and properties in order. The first error sticks and comes out of finish(); calls
/// after it do nothing. Names and texts are at most max_name and max_text characters.
class FdtWriter {
public:
    static constexpr std::size_t max_name = 63;
    static constexpr std::size_t max_text = 4096;

    /// `buffer` is 8-byte aligned. `between_nodes` is called before each node, unless it is null.
    explicit FdtWriter(std::span<std::byte> buffer, void (*between_nodes)() = nullptr);

    /// Memory reservations come before the first node.
    void reserve(Gpa base, std::uint64_t size);

    void begin_node(std::string_view name);
    void begin_node(std::string_view name, Gpa unit_address);
    void end_node();

    void flag(std::string_view name);
    void cells(std::string_view name, std::initializer_list<std::uint32_t> values);
    void address(std::string_view name, std::uint64_t value);
    void string(std::string_view name, std::string_view text);
    void bytes(std::string_view name, std::span<const std::byte> value);
    /// `reg` with one address and size, two cells each.
    void reg(Gpa base, std::uint64_t size);
    /// `interrupt-parent` and `interrupts` of a device on a PCH-PIC pin.
    void interrupt(unsigned pin, Trigger trigger);

    /// The finished blob at the start of the buffer. Errors: `no_space`; `invalid_argument` for a
    /// name or text that is too long or calls in a wrong order.
    [[nodiscard]] Result<std::span<const std::byte>> finish();

private:
    class Name;

    /// Space for a property's value, or null after an error.
    std::byte* property(std::string_view name, std::size_t size);
    void check(int status);
    void start_nodes();

    std::span<std::byte> buffer_;
    void (*between_nodes_)();
    bool nodes_started_ = false;
    bool failed_ = false;
    Error error_{};
};

}  // namespace lkvm::la
