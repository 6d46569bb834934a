// SPDX-License-Identifier: GPL-2.0-or-later
// Instruction oracle: random cases of every unprivileged instruction run on qemu-loongarch64 and on
// the software CPU and must leave the same registers, flags and memory.
//
// LKVM_SEED chooses other cases, LKVM_ORACLE_CASES how many per instruction (default 200),
// LKVM_ORACLE_ONLY the instructions whose name begins so, LKVM_ORACLE_VERBOSE=1 prints all that
// differ.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "loongarch/csr/exception.hpp"
#include "loongarch/isa/instruction.hpp"
#include "loongarch/soft/pairs.hpp"
#include "tests/isa/oracle/compare.hpp"
#include "tests/isa/oracle/generator.hpp"
#include "tests/isa/oracle/runner.hpp"
#include "tests/isa/oracle/stream.hpp"
#include "tests/isa/support.hpp"

namespace lkvm::test::oracle {
namespace {

constexpr std::size_t batch_size = 4000;

std::size_t cases_per_instruction() {
    const char* text = std::getenv("LKVM_ORACLE_CASES");
    return text != nullptr ? std::strtoul(text, nullptr, 0) : 200;
}

struct Tally {
    std::size_t cases = 0;
    std::map<std::string, std::size_t> different;
    std::map<std::string, std::size_t> accepted;
    std::map<std::string, std::string> examples;
};

std::string name_of(const Case& tested) {
    return tested.insn == la::Insn::count ? "(sequence)" : la::info(tested.insn).text;
}

class Oracle : public testing::Test {
protected:
    void SetUp() override {
        qemu_ = find_qemu();
        if (qemu_.empty()) GTEST_SKIP() << "qemu-loongarch64 not found (LKVM_QEMU_USER)";
    }

    /// Runs the cases on both sides; false if one could not be run.
    bool run(const std::vector<Case>& cases, Tally& tally) {
        std::vector<Body> bodies;
        for (const Case& one : cases) bodies.push_back(one.body);
        const Image image = make_image(bodies);
        const RunResult expected = run_qemu(qemu_, image, cases.size());
        const RunResult actual = run_soft(image, cases.size());
        EXPECT_EQ(expected.error, "");
        EXPECT_EQ(actual.error, "");
        if (!expected.error.empty() || !actual.error.empty()) return false;
        for (std::size_t i = 0; i < cases.size(); ++i) {
            ++tally.cases;
            judge(cases[i], expected.blocks[i], actual.blocks[i], tally);
        }
        return true;
    }

    static void report(const Tally& tally) {
        std::printf("%zu cases\n", tally.cases);
        for (const auto& [reason, count] : tally.accepted) {
            std::printf("accepted (%zu): %s\n", count, reason.c_str());
        }
        for (const auto& [name, count] : tally.different) {
            ADD_FAILURE() << name << ": " << count << " cases differ, for example\n"
                          << tally.examples.at(name);
        }
    }

private:
    static void judge(const Case& one, const CaseBlock& expected, const CaseBlock& actual,
                      Tally& tally) {
        const std::string text = compare(one, expected, actual);
        if (text.empty()) return;
        const std::string_view reason = accepted_difference(one, expected, actual);
        if (!reason.empty()) {
            ++tally.accepted[std::string(reason)];
            return;
        }
        const std::string name = name_of(one);
        ++tally.different[name];
        tally.examples.try_emplace(name, text);
        if (std::getenv("LKVM_ORACLE_VERBOSE") != nullptr) std::printf("%s", text.c_str());
    }

    std::string qemu_;
};

/// Instructions that one handler does with the next.
std::size_t pairs_of(const Case& one) {
    std::size_t count = 0;
    la::Decoded before;
    for (const std::uint32_t word : one.body.words) {
        la::Decoded decoded;
        if (!la::decode(word, decoded)) decoded = {};
        if (la::pair_handler(before.insn, decoded.insn) != nullptr) ++count;
        before = decoded;
    }
    return count;
}

TEST(SoftwareCpu, ImplementsEveryInstruction) {
    std::string missing;
    for (const la::Insn insn : all_insns()) {
        if (!is_implemented(insn)) missing += std::string(" ") + la::info(insn).text;
    }
    EXPECT_EQ(missing, "");
}

TEST(Compare, NoticesAChangeOfEveryByte) {
    Random random(test_seed());
    const Case one = make_case(la::Insn::add_d, random, 0);
    CaseBlock expected = one.body.before;
    expected.fault = 7;
    expected.fault_pc = body_address(0);
    CaseBlock same = expected;
    same.fault = fault_flag + static_cast<std::uint64_t>(la::Exception::ALE);
    EXPECT_EQ(compare(one, expected, same), "");
    for (std::size_t i = 0; i < sizeof(CaseBlock); ++i) {
        const bool unused = i >= offsetof(CaseBlock, unused) && i < offsetof(CaseBlock, fault);
        const bool scratch = i >= offsetof(CaseBlock, scratch) && i < offsetof(CaseBlock, memory);
        if (unused || scratch) continue;
        CaseBlock actual = same;
        reinterpret_cast<unsigned char*>(&actual)[i] ^= 1;
        EXPECT_NE(compare(one, expected, actual), "") << "byte " << i;
    }
}

/// Whatever the pace, the outcome is that of single steps.
void expect_same_as_steps(const std::vector<Case>& cases, Pace pace) {
    std::vector<Body> bodies;
    for (const Case& one : cases) bodies.push_back(one.body);
    const Image image = make_image(bodies);
    const RunResult running = run_soft(image, cases.size(), pace);
    const RunResult stepping = run_soft(image, cases.size(), Pace::steps);
    ASSERT_EQ(running.error, "");
    ASSERT_EQ(stepping.error, "");
    for (std::size_t i = 0; i < cases.size(); ++i) {
        ASSERT_EQ(std::memcmp(&running.blocks[i], &stepping.blocks[i], sizeof(CaseBlock)), 0)
            << compare(cases[i], stepping.blocks[i], running.blocks[i]);
    }
}

std::vector<Case> changing_code() {
    Random random(test_seed());
    std::vector<Case> cases;
    while (cases.size() < 1000) {
        cases.push_back(make_stream(random, cases.size(), Barriers::sometimes));
    }
    return cases;
}

TEST(SoftwareCpu, StepsAsItRuns) {
    Random random(test_seed());
    std::vector<Case> cases;
    while (cases.size() < 1000) cases.push_back(make_sequence(random, cases.size()));
    expect_same_as_steps(cases, Pace::blocks);
}

TEST(SoftwareCpu, StepsThroughChangingCodeAsItRunsIt) {
    expect_same_as_steps(changing_code(), Pace::blocks);
}

TEST(SoftwareCpu, DoesTheSameWithRoomForAFewBlocks) {
    expect_same_as_steps(changing_code(), Pace::cramped);
}

TEST(SoftwareCpu, DoesTheSameWhileOthersDiscardItsCode) {
    expect_same_as_steps(changing_code(), Pace::disturbed);
}

TEST(SoftwareCpu, DoesTheSameBetweenInterruptsAndRefills) {
    expect_same_as_steps(changing_code(), Pace::paged);
}

TEST_F(Oracle, AgreesOnEveryInstruction) {
    const char* only = std::getenv("LKVM_ORACLE_ONLY");
    std::vector<la::Insn> insns;
    for (const la::Insn insn : all_insns()) {
        const std::string_view text = la::info(insn).text;
        if (only != nullptr && !text.starts_with(only)) continue;
        if (reason_to_leave_out(insn).empty() && is_implemented(insn)) insns.push_back(insn);
    }
    const std::size_t total = insns.size() * cases_per_instruction();
    Tally tally;
    std::size_t next = 0;
    while (next < total) {
        Random random(std::uint64_t{test_seed()} << 32 | next);
        std::vector<Case> cases;
        for (; cases.size() < batch_size && next < total; ++next) {
            cases.push_back(make_case(insns[next % insns.size()], random, cases.size()));
        }
        if (!run(cases, tally)) break;
    }
    report(tally);
}

TEST_F(Oracle, AgreesOnSequences) {
    const std::size_t total = cases_per_instruction() * 200;
    Tally tally;
    std::size_t next = 0;
    while (next < total) {
        Random random(std::uint64_t{test_seed()} << 32 | 0x8000'0000u | next);
        std::vector<Case> cases;
        for (; cases.size() < batch_size && next < total; ++next) {
            cases.push_back(make_sequence(random, cases.size()));
        }
        if (!run(cases, tally)) break;
    }
    report(tally);
}

TEST_F(Oracle, AgreesOnStreams) {
    const std::size_t total = cases_per_instruction() * 20;
    Tally tally;
    std::size_t pairs = 0;
    std::size_t next = 0;
    while (next < total) {
        Random random(std::uint64_t{test_seed()} << 32 | 0xc000'0000u | next);
        std::vector<Case> cases;
        for (; cases.size() < batch_size && next < total; ++next) {
            cases.push_back(make_stream(random, cases.size(), Barriers::always));
            pairs += pairs_of(cases.back());
        }
        if (!run(cases, tally)) break;
    }
    report(tally);
    EXPECT_GT(pairs, 10 * total);
}

}  // namespace
}  // namespace lkvm::test::oracle
