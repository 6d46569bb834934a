// SPDX-License-Identifier: GPL-2.0-or-later
// The commands, on CLI11. Its exceptions end here.
#include "vmm/cli/command_line.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "vmm/cli/run_options.hpp"
#include "vmm/text.hpp"
#include "vmm/version.hpp"

#include <CLI/CLI.hpp>

namespace lkvm::vmm {

void add_run_options(CLI::App& run, RunOptions& options) {
    run.add_option("-k,--kernel", options.kernel,
                   "Kernel: EFI zboot vmlinuz, EFI Image or ELF vmlinux")
        ->type_name("FILE");
    run.add_option("image", options.kernel_argument, "The same as --kernel")->type_name("FILE");
    run.add_option("-i,--initrd", options.initrd, "Initial RAM disk")->type_name("FILE");
    run.add_option("--firmware", options.firmware,
                   "UEFI firmware, which starts --kernel if there is one; option vars=FILE")
        ->type_name("FILE[,vars=FILE]");
    run.add_option("--bundle", options.bundle, "Run a zone of this bundle ('lkvm pack')")
        ->type_name("FILE");
    run.add_option("--zone", options.zone, "The zone of --bundle that runs")->type_name("NAME");
    // Options that may be repeated must not swallow the arguments after them.
    run.add_option("-p,--params", options.params, "Added to the kernel command line")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    run.add_option("-m,--mem", options.memory,
                   "RAM bank; units B K M G T P, M if none; repeat for more banks")
        ->type_name("SIZE[@ADDRESS]")
        ->allow_extra_args(false);
    run.add_option("-d,--disk", options.disks,
                   "Disk image or block device, or directory as root file system; options ro, "
                   "direct, serial=TEXT, queues=N, packed, "
                   "io=auto|io_uring|threads; repeat for more disks")
        ->type_name("FILE[,OPTION...]")
        ->allow_extra_args(false);
    run.add_option("--9p", options.shares,
                   "Directory for the guest, mounted by its tag; option ro; repeat for more")
        ->type_name("DIRECTORY,TAG[,ro]")
        ->allow_extra_args(false);
    run.add_option("--vsock", options.vsock,
                   "Sockets between guest and host, by the guest's address; option path=SOCKET")
        ->type_name("CID[,path=SOCKET]");
    run.add_flag("--balloon", options.balloon,
                 "Memory balloon: unused memory goes to the host; see lkvm balloon");
    run.add_flag("--rng", options.rng, "Random numbers of the host for the guest");
    run.add_option("-n,--network", options.networks,
                   "Network interface: mode=user, tap or none; options mac=MAC, mtu=N, queues=N, "
                   "packed, hostfwd=tcp:[ADDRESS]:PORT-:PORT, ifname=NAME, fd=N; repeat for more")
        ->type_name("mode=MODE[,OPTION...]")
        ->allow_extra_args(false);
    run.add_option("-c,--cpus", options.cpus, "Number of CPUs (1)")->type_name("N");
    run.add_option("--name", options.name, "Name of the guest")->type_name("NAME");
    run.add_option("--console", options.console, "Console: serial (usual) or virtio")
        ->type_name("KIND");
    run.add_option("--port", options.ports,
                   "Virtio console port of that name on a unix socket; repeat for more")
        ->type_name("NAME,PATH")
        ->allow_extra_args(false);
    run.add_option("--accel", options.accelerator, "What runs the CPUs: auto, kvm or soft")
        ->type_name("KIND");
    run.add_option("--load", options.load, "Load the kernel here instead of choosing")
        ->type_name("ADDRESS");
    run.add_option("--dump-dtb", options.dump_dtb, "Write the guest's device tree to a file")
        ->type_name("FILE");
    run.add_option("--loglevel", options.log_level, "error, warning, info (usual) or debug")
        ->type_name("LEVEL");
    run.add_flag("--nodefaults", options.no_defaults,
                 "Kernel command line is exactly that of --params");
    run.add_flag("--no-reboot", options.no_reboot, "End when the guest resets itself");
    run.add_flag("--debug-single-step", options.single_step,
                 "Trace every instruction to standard error");
    run.add_flag("--lvz", options.lvz,
                 "Offer the virtualization extension (software CPU), for KVM in the guest");
    run.add_option("--code-cache", options.code_cache,
                   "Bound of what the software CPU keeps of decoded code (32M)")
        ->type_name("SIZE");
    run.add_option("--irqchip", options.irqchip, "Interrupt chips under KVM: auto, kernel or user")
        ->type_name("KIND");
    run.add_option("--vcpu-affinity", options.affinity,
                   "CPUs of the host for all vCPUs, or for one; repeat for more")
        ->type_name("[VCPU:]LIST")
        ->allow_extra_args(false);
    run.add_option("--hugetlbfs", options.hugetlbfs,
                   "RAM from the huge pages of this hugetlbfs file system")
        ->type_name("DIRECTORY");
    run.add_flag("--disable-lsx", options.no_lsx, "Hide LSX (and LASX) from the guest (KVM)");
    run.add_flag("--disable-lasx", options.no_lasx, "Hide LASX from the guest (KVM)");
    run.add_flag("--disable-lbt", options.no_lbt, "Hide binary translation from the guest (KVM)");
    run.add_flag("--disable-pmu", options.no_pmu, "Hide performance counters (KVM)");
    run.add_flag("--disable-ptw", options.no_ptw, "Hide the hardware page walker (KVM)");
    run.add_flag("--no-steal-time", options.no_steal_time, "Do not account stolen time (KVM)");
    run.add_flag("--no-pv-ipi", options.no_pv_ipi, "No interprocessor interrupts by call (KVM)");
    run.add_option("--trace", options.trace_file, "Trace every instruction to a file")
        ->type_name("FILE");
    run.add_option("--markers", options.marker_file,
                   "Write instruction counts to a file at each andi $zero, $zero, N")
        ->type_name("FILE");
    // An unset variable of a script is a mistake; that it means "as without the option" would hide
    // it. Options that may be repeated look at each value themselves.
    for (CLI::Option* const option : run.get_options()) {
        if (option->get_expected_max() != 1 || option->get_items_expected_max() != 1) continue;
        const std::string expected = option->get_type_name();
        option->check(CLI::Validator(
            [expected](const std::string& value) {
                return value.empty() ? text("expected ", expected, ", the value is empty")
                                     : std::string();
            },
            ""));
    }
}

namespace {

/// CLI11's objects for one parse.
struct Parser {
    CLI::App app{"Virtual machine monitor for LoongArch guests", "lkvm"};
    RunOptions run_options;
    ControlCommand control;
    std::string help_topic;
    CLI::App* run = nullptr;
    CLI::App* show_version = nullptr;
    CLI::App* help = nullptr;

    Parser() {
        app.require_subcommand(0, 1);
        app.set_version_flag("-v,--version", text("lkvm ", version));
        run = app.add_subcommand("run", "Start a guest");
        add_run_options(*run, run_options);
        app.add_subcommand("pack",
                           "Make a bundle of zones: -o FILE, then for each zone --zone NAME "
                           "and options of run");
        add_control_commands(app, control);
        show_version = app.add_subcommand("version", "Print the version");
        help = app.add_subcommand("help", "Explain a command");
        help->add_option("command", help_topic, "Name of the command");
    }
};

std::string command_names() {
    std::string names = "run, pack, ";
    for (const std::string& action : control_actions()) names += action + ", ";
    return names + "version or help";
}

Outcome<Command> help_text(Parser& parser) {
    // A parser that has not parsed `help`, which would explain only that.
    if (parser.help_topic.empty()) return Command{PrintText{Parser().app.help()}};
    if (parser.help_topic == "pack") return Command{PrintText{pack_help()}};
    for (const CLI::App* command : parser.app.get_subcommands({})) {
        if (command->get_name() == parser.help_topic)
            return Command{PrintText{command->help("lkvm")}};
    }
    return usage_failure(
        text("help '", parser.help_topic, "': no such command, expected ", command_names()));
}

Outcome<Command> chosen_command(Parser& parser) {
    if (parser.run->parsed()) {
        return Command{LKVM_CHECK(check_run_options(parser.run_options))};
    }
    if (parser.show_version->parsed()) return Command{PrintText{text("lkvm ", version, '\n')}};
    if (parser.help->parsed()) return help_text(parser);
    if (!parser.control.action.empty()) return Command{LKVM_CHECK(check_control(parser.control))};
    return usage_failure(text("no command given, expected ", command_names()));
}

}  // namespace

std::string one_line(std::string message) {
    // Where an option is given again, CLI11 counts values.
    if (const std::size_t count = message.find(": At Most 1 required"); count != message.npos) {
        message = message.substr(0, count) + ": given more than once";
    }
    for (char& letter : message) {
        if (letter == '\n') letter = ' ';
    }
    while (!message.empty() && (message.back() == ' ' || message.back() == '.')) {
        message.pop_back();
    }
    return message;
}

Outcome<Command> parse_command_line(std::span<const char* const> arguments) {
    // Its options come in groups, one for each zone, which CLI11 does not know.
    if (arguments.size() > 1 && std::string_view{arguments[1]} == "pack") {
        return Command{LKVM_CHECK(parse_pack(arguments.subspan(2)))};
    }
    Parser parser;
    try {
        parser.app.parse(static_cast<int>(arguments.size()), arguments.data());
    } catch (const CLI::CallForHelp&) {
        const auto parsed = parser.app.get_subcommands();
        return Command{
            PrintText{parsed.empty() ? Parser().app.help() : parsed.front()->help("lkvm")}};
    } catch (const CLI::CallForVersion&) {
        return Command{PrintText{text("lkvm ", version, '\n')}};
    } catch (const CLI::Error& error) {
        const std::string_view command = arguments.size() > 1 ? arguments[1] : "";
        const bool known = command == "run" || command == "version" || command == "help" ||
                           std::ranges::find(control_actions(), command) != control_actions().end();
        return usage_failure(text(one_line(error.what()), " (see 'lkvm help", known ? " " : "",
                                  known ? command : "", "')"));
    }
    return chosen_command(parser);
}

}  // namespace lkvm::vmm
