// SPDX-License-Identifier: GPL-2.0-or-later
// The program that runs cases: it loads each case's state, runs it, stores the state back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/isa/oracle/block.hpp"

namespace lkvm::test::oracle {

/// Instructions of a case and the state they start from. Its body_register says where they are to
/// stand: in the order of the batch, with room for one more behind them.
struct Body {
    std::vector<std::uint32_t> words;
    CaseBlock before;
};

/// Address of the instructions, at most 15, and of the state of case `index` of a batch.
[[nodiscard]] constexpr std::uint64_t body_address(std::size_t index) {
    return body_base + index * body_stride;
}
[[nodiscard]] constexpr std::uint64_t block_address(std::size_t index) {
    return block_base + index * sizeof(CaseBlock);
}

/// Memory contents for one batch. Under QEMU it starts at qemu_entry, runs all cases, writes the
/// blocks to standard output and exits; on the software CPU it starts at soft_entry and ends with a
/// store to stop_device.
struct Image {
    std::vector<std::uint32_t> code;  ///< at code_base
    std::vector<std::byte> data;      ///< at data_base
    std::uint64_t qemu_entry = 0;
    std::uint64_t soft_entry = 0;
    /// The same at PLV 3, in pages that are forgotten at each tick of a timer.
    std::uint64_t paged_entry = 0;
};

[[nodiscard]] Image make_image(const std::vector<Body>& bodies);

/// The image as a static LoongArch executable.
[[nodiscard]] std::string elf_file(const Image& image);

}  // namespace lkvm::test::oracle
