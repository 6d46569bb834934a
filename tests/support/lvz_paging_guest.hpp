// SPDX-License-Identifier: GPL-2.0-or-later
// A guest of the virtualization extension that has paging, as an operating system sets it up.
#pragma once

#include <cstdint>

#include "tests/support/lvz_machine.hpp"

namespace lkvm::test {

/// A guest with paging, its own refill handler and page tables. Its code is at guest_base through
/// a direct window for PLV 0, its exception handler leaves with ESTAT, ERA, BADV in s0, s1, s2.
class PagingGuest : public LvzMachine {
public:
    static constexpr std::uint64_t data = guest_base + 0x8000;  ///< a page for data
    static constexpr std::uint64_t data_memory = guest_memory + 0x8000;
    static constexpr std::uint64_t handler = guest_base + 0x1000;    ///< EENTRY
    static constexpr std::uint64_t refill = guest_base + 0x2000;     ///< TLBRENTRY
    static constexpr std::uint64_t user_code = guest_base + 0x3000;  ///< mapped at itself
    static constexpr std::uint64_t tables = guest_base + 0x40000;    ///< page tables
    static constexpr std::uint64_t window = 0x9000000000000000;      ///< DMW1, for PLV 0
    /// The last hypercall of the exception handler.
    static constexpr std::int32_t trap_code = 99;

    PageTables stage1{*this, guest_memory + (tables - guest_base), guest_memory - guest_base};

    PagingGuest()
        : PagingGuest(with_lvz()) {}
    explicit PagingGuest(Options options)
        : LvzMachine(options) {
        load_guest(refill_handler(refill));
        Program trap{handler};
        using namespace la::csr;
        using namespace reg;
        trap.csrrd(s0, estat::number).csrrd(s1, ERA).csrrd(s2, BADV);
        trap.op(la::Insn::hvcl, {.imm = trap_code});
        load_guest(trap);
        set_guest(pwcl::number, PageTables::pwcl).set_guest(pwch::number, PageTables::pwch);
        set_guest(stlbps::number, 12).set_guest(PGDL, stage1.root()).set_guest(PGDH, stage1.root());
        set_guest(EENTRY, window | handler).set_guest(TLBRENTRY, refill);
        set_guest(dmw::number0 + 1, window | 0x11).set_guest(crmd::number, crmd::PG::mask);
        stage1.set(user_code, user_code | page_bits | tlbelo::PLV::mask);
    }
    /// Runs `body` (ended by a hypercall if it returns) at PLV 0 through the window.
    GuestExit run_paged(const Program& body) {
        set_guest(la::csr::crmd::number, la::csr::crmd::PG::mask);
        load_guest(body);
        return run_guest(window | body.base());
    }
    /// Runs `body`, whose base is user_code, at PLV 3. A syscall ends it in the handler.
    GuestExit run_user(const Program& body) {
        load_guest(body);
        set_guest(la::csr::crmd::number, la::csr::crmd::PG::mask | 3);
        return run_guest(body.base());
    }
    [[nodiscard]] la::Exception guest_fault() {
        using la::csr::estat::Ecode;
        using la::csr::estat::EsubCode;
        const std::uint64_t status = gpr(reg::s0);
        return static_cast<la::Exception>(Ecode::get(status) | EsubCode::get(status) << 6);
    }
};

}  // namespace lkvm::test
