// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/zone/park_report.hpp"

#include <array>

#include "baremetal/control/line_writer.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/zone/zone.hpp"
#include "loongarch/csr/csr.hpp"

namespace lkvm::hv {
namespace {

namespace csr = la::csr;

constexpr std::size_t line_size = 160;

/// One line of the report, sent when it goes out of scope.
class ReportLine : public LineWriter {
public:
    explicit ReportLine(Zone& zone)
        : LineWriter(buffer_)
        , zone_(zone) {}
    ~ReportLine() { zone_.report(text()); }
    ReportLine(const ReportLine&) = delete;
    ReportLine& operator=(const ReportLine&) = delete;

    ReportLine& value(std::string_view name, std::uint64_t number) {
        add(' ').add(name).add(' ').hex(number);
        return *this;
    }

private:
    std::array<char, line_size> buffer_{};
    Zone& zone_;
};

constexpr std::array<std::string_view, 32> register_names{
    "zero", "ra", "tp", "sp", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
    "a7",   "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "r21",
    "fp",   "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"};

}  // namespace

void report_parked(Zone& zone, const Vcpu& vcpu, const char* why, std::string_view panic) {
    const VcpuContext& context = vcpu.context();
    ReportLine(zone).add("is parked: it ").add(why);
    if (!panic.empty()) ReportLine(zone).add(" panic: ").add(panic);
    ReportLine(zone)
        .value("vCPU", vcpu.index())
        .value("pc", context.pc)
        .value("ESTAT", context.estat)
        .value("BADV", context.badv)
        .value("BADI", context.badi);
    ReportLine(zone)
        .value("guest CRMD", read_guest_csr<csr::crmd::number>())
        .value("PRMD", read_guest_csr<csr::prmd::number>())
        .value("ESTAT", read_guest_csr<csr::estat::number>())
        .value("ERA", read_guest_csr<csr::ERA>())
        .value("BADV", read_guest_csr<csr::BADV>())
        .value("EENTRY", read_guest_csr<csr::EENTRY>());
    constexpr unsigned per_line = 4;
    for (unsigned first = 0; first < context.gpr.size(); first += per_line) {
        ReportLine line(zone);
        for (unsigned i = first; i < first + per_line; ++i) {
            line.value(register_names[i], i == 0 ? 0 : context.gpr[i]);
        }
    }
    for (std::size_t i = 0; const ExitRecord* exit = vcpu.exits().last(i); ++i) {
        ReportLine line(zone);
        line.add(" exit ").add(exit_reason_names[static_cast<std::size_t>(exit->reason)]);
        line.value("pc", exit->pc).value("of", exit->detail);
    }
}

}  // namespace lkvm::hv
