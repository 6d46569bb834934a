// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/support.hpp"

#include <cstdio>
#include <cstdlib>

namespace lkvm::test {

std::uint32_t test_seed() {
    static const std::uint32_t seed = [] {
        const char* text = std::getenv("LKVM_SEED");
        const auto value = text != nullptr
                               ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 0))
                               : 20240229u;
        std::printf("LKVM_SEED=%u\n", value);
        return value;
    }();
    return seed;
}

const std::vector<la::Insn>& all_insns() {
    static const std::vector<la::Insn> insns = [] {
        std::vector<la::Insn> list;
        for (unsigned i = 0; i < la::insn_count; ++i) list.push_back(static_cast<la::Insn>(i));
        return list;
    }();
    return insns;
}

std::uint32_t random_word(la::Insn insn, std::mt19937& random) {
    const la::InsnInfo& line = la::info(insn);
    return line.match | (static_cast<std::uint32_t>(random()) & ~line.mask);
}

}  // namespace lkvm::test
