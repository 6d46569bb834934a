// SPDX-License-Identifier: GPL-2.0-or-later
// Running other programs from tests.
#pragma once

#include <string>
#include <vector>

namespace lkvm::test {

/// How a program ended: `status` is its exit code, 128 + signal, or -1 if it could not be started.
struct ProgramResult {
    int status = -1;
    std::string out;
    std::string err;
};

/// Runs a program with `input` on standard input and waits for it. argv[0] is looked up in PATH.
ProgramResult run_program(const std::vector<std::string>& argv, const std::string& input);

/// The first of `names` that PATH has, or an empty string.
std::string find_program(const std::vector<std::string>& names);

}  // namespace lkvm::test
