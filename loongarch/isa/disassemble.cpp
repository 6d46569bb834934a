// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/isa/disassemble.hpp"

#include <array>

#include "loongarch/isa/instruction.hpp"
#include "loongarch/isa/register_names.hpp"

namespace lkvm::la {
namespace {

constexpr unsigned first_ft = 8;   // $fa0 to $fa7 come before it,
constexpr unsigned first_fs = 24;  // and 16 $ft registers before this.

/// Appends text to a span, dropping what does not fit.
class Writer {
public:
    explicit Writer(std::span<char> buffer)
        : buffer_(buffer) {}

    void text(std::string_view what) {
        for (const char c : what) {
            if (used_ < buffer_.size()) buffer_[used_++] = c;
        }
    }
    void c_text(const char* what) {
        for (; *what != 0; ++what) text({what, 1});
    }
    void decimal(std::int32_t value) {
        auto rest = static_cast<std::uint32_t>(value);
        if (value < 0) {
            text("-");
            rest = 0 - rest;
        }
        digits(rest, 10);
    }
    void hex(std::uint64_t value) {
        text("0x");
        digits(value, 16);
    }
    [[nodiscard]] std::string_view written() const { return {buffer_.data(), used_}; }

private:
    void digits(std::uint64_t value, unsigned base) {
        std::array<char, 20> reversed{};
        std::size_t count = 0;
        do {
            reversed[count++] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        while (count != 0) text({&reversed[--count], 1});
    }

    std::span<char> buffer_;
    std::size_t used_ = 0;
};

void write_fpr(Writer& out, unsigned number) {
    if (number < first_ft) {
        out.text("$fa");
    } else if (number < first_fs) {
        out.text("$ft");
        number -= first_ft;
    } else {
        out.text("$fs");
        number -= first_fs;
    }
    out.decimal(static_cast<std::int32_t>(number));
}

void write_operand(Writer& out, OperandClass kind, std::int32_t value) {
    switch (kind) {
        case OperandClass::gpr:
            out.text("$");
            out.text(gpr_names[static_cast<unsigned>(value)]);
            return;
        case OperandClass::fpr:
            write_fpr(out, static_cast<unsigned>(value));
            return;
        case OperandClass::vr:
            out.text("$vr");
            break;
        case OperandClass::xr:
            out.text("$xr");
            break;
        case OperandClass::fcc:
            out.text("$fcc");
            break;
        case OperandClass::fcsr:
            out.text("$fcsr");
            break;
        case OperandClass::none:
        case OperandClass::number:
        case OperandClass::offset:
            break;
    }
    out.decimal(value);
}

}  // namespace

std::string_view disassemble(std::uint32_t word, std::uint64_t pc, std::span<char> buffer) {
    Writer out(buffer);
    Decoded decoded;
    if (!decode(word, decoded)) {
        out.text(".word ");
        out.hex(word);
        return out.written();
    }
    const InsnInfo& line = info(decoded.insn);
    out.c_text(line.text);
    std::string_view separator = " ";
    bool relative = false;
    for (const OperandKind kind : operands(line.format)) {
        if (kind == OperandKind::none) break;
        const OperandInfo& operand = info(kind);
        out.text(separator);
        separator = ", ";
        write_operand(out, operand.kind, operand.get(word));
        if (operand.kind == OperandClass::offset) relative = decoded.insn != Insn::jirl;
    }
    if (relative) {
        out.text(" # ");
        out.hex(pc + static_cast<std::uint64_t>(std::int64_t{decoded.imm}));
    }
    return out.written();
}

}  // namespace lkvm::la
