// SPDX-License-Identifier: GPL-2.0-or-later
// Options of `lkvm run`: as typed, then checked.
#pragma once

#include <string>
#include <vector>

#include "vmm/cli/command_line.hpp"
#include "vmm/outcome.hpp"

namespace CLI {
class App;
}

namespace lkvm::vmm {

/// Texts as the user typed them; empty where not given.
struct RunOptions {
    std::string kernel;
    std::string kernel_argument;  // kvmtool also takes the kernel without -k
    std::string initrd;
    std::string firmware;
    std::string bundle;
    std::string zone;
    std::vector<std::string> params;
    std::vector<std::string> memory;
    std::vector<std::string> disks;
    std::vector<std::string> networks;
    bool rng = false;
    std::vector<std::string> ports;
    std::vector<std::string> shares;
    bool balloon = false;
    std::string vsock;
    std::string cpus;
    std::string name;
    std::string console;
    std::string accelerator;
    std::string irqchip;
    std::vector<std::string> affinity;
    std::string hugetlbfs;
    bool no_lsx = false;
    bool no_lasx = false;
    bool no_lbt = false;
    bool no_pmu = false;
    bool no_ptw = false;
    bool no_steal_time = false;
    bool no_pv_ipi = false;
    std::string dump_dtb;
    std::string log_level;
    std::string load;
    std::string trace_file;
    std::string marker_file;
    bool lvz = false;
    std::string code_cache;
    bool no_defaults = false;
    bool no_reboot = false;
    bool single_step = false;
};

/// Declares the options on CLI11's `run` command; `options` must outlive the parsing.
void add_run_options(CLI::App& run, RunOptions& options);

/// What CLI11 says about arguments it does not like, in one line.
[[nodiscard]] std::string one_line(std::string message);

/// Turns the texts into a machine. Failures name option, value and what is allowed.
[[nodiscard]] Outcome<RunCommand> check_run_options(const RunOptions& options);

}  // namespace lkvm::vmm
