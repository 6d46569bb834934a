// SPDX-License-Identifier: GPL-2.0-or-later
// The table against an independent assembler and disassembler, llvm-mc, in both directions.
#include "loongarch/isa/disassemble.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "loongarch/isa/instruction.hpp"
#include "tests/isa/program.hpp"
#include "tests/isa/support.hpp"

namespace lkvm::test {
namespace {

/// Words on which llvm-mc-19 is known to differ, and why.
struct Exception {
    std::string_view text;
    std::string_view reason;
};
constexpr std::array exceptions = {
    Exception{"gtlbclr", "llvm-mc does not know it; LVZ is not public"},
    Exception{"gtlbsrch", "llvm-mc does not know it; LVZ is not public"},
    Exception{"gtlbrd", "llvm-mc does not know it; LVZ is not public"},
    Exception{"gtlbwr", "llvm-mc does not know it; LVZ is not public"},
    Exception{"gtlbfill", "llvm-mc does not know it; LVZ is not public"},
};

/// Beginnings of the names of the binary-translation extension, which is not in our table and which
/// llvm-mc disassembles even when it is switched off.
constexpr std::array<std::string_view, 23> binary_translation = {
    "adc.",    "addu12i.",  "arm",       "fcvt.d.ld", "fcvt.ld.d", "fcvt.ud.d", "jiscr",  "ldl.",
    "ldr.",    "movgr2scr", "movscr2gr", "rcr.",      "rcri.",     "rotr.b",    "rotr.h", "rotri.b",
    "rotri.h", "sbc.",      "setarm",    "setx86",    "stl.",      "str.",      "x86"};

bool not_in_our_table(std::string_view text) {
    for (const auto beginning : binary_translation) {
        if (text.starts_with(beginning)) return true;
    }
    // An LASX instruction that is documented nowhere.
    return text.starts_with("xvhseli.d ");
}

bool excepted(std::string_view text) {
    for (const auto& exception : exceptions) {
        if (exception.text == text) return true;
    }
    return false;
}

std::string our_text(std::uint32_t word) {
    std::array<char, la::disassembly_size> buffer{};
    return std::string(la::disassemble(word, 0, buffer));
}

/// Text without comment, with one blank between parts.
std::string normalized(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, text.find('#'))) {
        const bool blank = c == ' ' || c == '\t';
        if (!blank) {
            result += c;
        } else if (!result.empty() && result.back() != ' ') {
            result += ' ';
        }
    }
    while (!result.empty() && result.back() == ' ') result.pop_back();
    return result;
}

/// Our text in the shorter form that llvm-mc prints for some instructions and cannot be told not
/// to.
std::string with_aliases(const std::string& text) {
    const auto begins = [&](std::string_view with) { return text.starts_with(with); };
    const auto ends = [&](std::string_view with) { return text.ends_with(with); };
    const auto middle = [&](std::size_t before, std::size_t after) {
        return text.substr(before, text.size() - before - after);
    };
    if (begins("or $") && ends(", $zero")) return "move " + middle(3, 7);
    if (text == "andi $zero, $zero, 0") return "nop";
    if (text == "jirl $zero, $ra, 0") return "ret";
    if (begins("jirl $zero, ") && ends(", 0")) return "jr " + middle(12, 3);
    return text;
}

class Llvm : public testing::Test {
protected:
    void SetUp() override {
        tool_ = find_program({"llvm-mc-19", "llvm-mc"});
        if (tool_.empty()) GTEST_SKIP() << "llvm-mc-19 is not installed";
    }

    /// Runs llvm-mc. Results by line of the input; a line with an error or warning has none.
    std::map<unsigned, std::string> run(const std::vector<std::string>& options,
                                        const std::string& input, unsigned lines) {
        std::vector<std::string> argv = {tool_, "--triple=loongarch64",
                                         "--mattr=+f,+d,+lsx,+lasx,+lvz,+frecipe"};
        argv.insert(argv.end(), options.begin(), options.end());
        const ProgramResult result = run_program(argv, input);
        std::map<unsigned, bool> bad;
        std::istringstream errors(result.err);
        for (std::string line; std::getline(errors, line);) {
            unsigned number = 0;
            if (std::sscanf(line.c_str(), "<stdin>:%u:", &number) == 1) bad[number] = true;
        }
        std::map<unsigned, std::string> texts;
        std::istringstream output(result.out);
        unsigned number = 1;
        for (std::string line; std::getline(output, line);) {
            if (line.find_first_not_of(" \t") == std::string::npos) continue;
            if (normalized(line) == ".text" || normalized(line) == ".p2align 5") continue;
            while (bad.contains(number)) ++number;
            texts[number++] = line;
        }
        while (bad.contains(number)) ++number;
        EXPECT_EQ(number, lines + 1) << "llvm-mc's output was not understood";
        return texts;
    }

    std::map<unsigned, std::string> disassembled(const std::vector<std::uint32_t>& words) {
        std::string input;
        for (const std::uint32_t word : words) {
            std::array<char, 32> line{};
            std::snprintf(line.data(), line.size(), "0x%02x 0x%02x 0x%02x 0x%02x\n", word & 0xff,
                          (word >> 8) & 0xff, (word >> 16) & 0xff, word >> 24);
            input += line.data();
        }
        return run({"--disassemble"}, input, static_cast<unsigned>(words.size()));
    }

private:
    std::string tool_;
};

/// The word in "... encoding: [0xa4,0x98,0x2c,0x00]".
std::optional<std::uint32_t> encoding_in(const std::string& line) {
    const auto at = line.find("encoding: [");
    std::array<unsigned, 4> bytes{};
    if (at == std::string::npos || std::sscanf(line.c_str() + at, "encoding: [%x,%x,%x,%x]",
                                               &bytes[0], &bytes[1], &bytes[2], &bytes[3]) != 4) {
        return std::nullopt;
    }
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24;
}

/// Some words of every instruction of the table.
std::vector<std::uint32_t> words_of_the_table(int each) {
    std::mt19937 random(test_seed());
    std::vector<std::uint32_t> words;
    for (const la::Insn insn : all_insns()) {
        for (int i = 0; i < each; ++i) words.push_back(random_word(insn, random));
    }
    return words;
}

/// Whether operands are of the kind that an assembler refuses although the encoding exists.
bool refused_operands(const la::Decoded& decoded) {
    switch (la::info(decoded.insn).format) {
        case la::Format::MJ_MSB5_LSB5:
        case la::Format::DJ_MSB5_LSB5:
        case la::Format::MJ_MSB6_LSB6:
        case la::Format::DJ_MSB6_LSB6:
            return decoded.ra < decoded.imm;  // empty bit field
        case la::Format::FCSRD_J:
        case la::Format::D_FCSRJ:
            return decoded.imm > 3;  // only FCSR0 to 3 exist
        case la::Format::DKJ:
        case la::Format::MKJ:  // am* with rd equal to rj or rk is undefined
            return decoded.rd != 0 && (decoded.rd == decoded.rj || decoded.rd == decoded.rk);
        default:
            return false;
    }
}

TEST_F(Llvm, AssemblesOurTextToTheSameWord) {
    const auto words = words_of_the_table(20);
    std::string input;
    for (const std::uint32_t word : words) input += normalized(our_text(word)) + "\n";
    const auto lines = run({"--show-encoding"}, input, static_cast<unsigned>(words.size()));
    std::size_t compared = 0;
    for (unsigned i = 0; i < words.size(); ++i) {
        la::Decoded decoded;
        ASSERT_TRUE(la::decode(words[i], decoded));
        const auto found = lines.find(i + 1);
        const std::string text = our_text(words[i]);
        if (found == lines.end()) {
            EXPECT_TRUE(refused_operands(decoded) || excepted(la::info(decoded.insn).text))
                << "llvm-mc refuses: " << text;
            continue;
        }
        ++compared;
        EXPECT_EQ(encoding_in(found->second), words[i]) << text << " / " << found->second;
    }
    EXPECT_GT(compared, words.size() * 9 / 10);
}

TEST_F(Llvm, DisassemblesTheTableToOurText) {
    const auto words = words_of_the_table(20);
    const auto lines = disassembled(words);
    for (unsigned i = 0; i < words.size(); ++i) {
        la::Decoded decoded;
        ASSERT_TRUE(la::decode(words[i], decoded));
        const auto found = lines.find(i + 1);
        const std::string text = our_text(words[i]);
        if (found == lines.end()) {
            EXPECT_TRUE(refused_operands(decoded) || excepted(la::info(decoded.insn).text))
                << "llvm-mc does not know: " << text;
            continue;
        }
        EXPECT_EQ(with_aliases(normalized(text)), normalized(found->second));
    }
}

TEST_F(Llvm, KnowsTheSameRandomWords) {
    std::mt19937 random(test_seed());
    std::vector<std::uint32_t> words;
    for (int i = 0; i < 100'000; ++i) {
        // The upper half of the code space is unused: keep to the lower, and half of the time near
        // an instruction.
        auto word = static_cast<std::uint32_t>(random()) >> 1;
        if ((i & 1) != 0) {
            const auto insn = static_cast<la::Insn>(random() % la::insn_count);
            word = random_word(insn, random) ^ (1u << (random() % 32));
        }
        words.push_back(word);
    }
    const auto lines = disassembled(words);
    for (unsigned i = 0; i < words.size(); ++i) {
        la::Decoded decoded;
        const bool known = la::decode(words[i], decoded);
        const auto found = lines.find(i + 1);
        const std::string text = our_text(words[i]);
        if (known && found == lines.end()) {
            EXPECT_TRUE(refused_operands(decoded) || excepted(la::info(decoded.insn).text))
                << "only we know: " << text;
        } else if (known) {
            EXPECT_EQ(with_aliases(normalized(text)), normalized(found->second));
        } else {
            EXPECT_TRUE(found == lines.end() || not_in_our_table(normalized(found->second)))
                << "only llvm-mc knows: " << found->second;
        }
    }
}

}  // namespace
}  // namespace lkvm::test
