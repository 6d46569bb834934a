// SPDX-License-Identifier: GPL-2.0-or-later
// Address translation, TLB instructions and the slow paths of loads and stores. LA Vol.1 §5.
#include <algorithm>
#include <cstring>

#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

using namespace csr;

namespace {

/// Whether an address to be looked up in the TLB is the sign extension of its lower bits, of which
/// RVACFG can make fewer. LA Vol.1 §5.2.3.
bool legal_address(std::uint64_t address, std::uint64_t reduced) {
    const unsigned bits = virtual_bits - std::min(rvacfg::RBits::get(reduced), rvacfg::max);
    const auto high = static_cast<std::int64_t>(address) >> (bits - 1);
    return high == 0 || high == -1;
}

Translation refuse(Exception exception, std::uint64_t address, bool stage2 = false) {
    Translation result;
    result.exception = exception;
    result.fault = address;
    result.stage2 = stage2;
    return result;
}

Exception page_invalid(Access access) {
    switch (access) {
        case Access::load:
            return Exception::PIL;
        case Access::store:
            return Exception::PIS;
        case Access::fetch:
            break;
    }
    return Exception::PIF;
}

/// Checks the page that `entry` gives `address`, in the order of LA Vol.1 §5.4.4, at privilege
/// `level`. `writable`: D is not looked at (MISC.DWPL). `stage2` says whose fault a refusal is.
Translation check_entry(const TlbEntry& entry, std::uint64_t address, Access access, unsigned level,
                        bool writable, bool stage2) {
    const std::uint64_t lo = entry.lo[(address >> entry.page_bits) & 1];
    if (!tlbelo::V::get(lo)) return refuse(page_invalid(access), address, stage2);
    if (access == Access::fetch && tlbelo::NX::get(lo)) {
        return refuse(Exception::PNX, address, stage2);
    }
    const unsigned page_level = tlbelo::PLV::get(lo);
    if (tlbelo::RPLV::get(lo) ? level != page_level : level > page_level) {
        return refuse(Exception::PPI, address, stage2);
    }
    if (access == Access::load && tlbelo::NR::get(lo)) {
        return refuse(Exception::PNR, address, stage2);
    }
    if (access == Access::store && !tlbelo::D::get(lo) && !writable) {
        return refuse(Exception::PME, address, stage2);
    }
    const std::uint64_t offset_mask = (std::uint64_t{1} << entry.page_bits) - 1;
    Translation result;
    result.ok = true;
    result.global = entry.global;
    result.writable = writable || tlbelo::D::get(lo);
    result.physical = (lo & tlbelo::PPN::mask & ~offset_mask) | (address & offset_mask);
    return result;
}

}  // namespace

Translation Cpu::translate(std::uint64_t address, Access access) {
    const std::uint64_t mode = csr_[crmd::number];
    const unsigned level = crmd::PLV::get(mode);
    Translation first;
    first.ok = true;
    first.writable = true;
    first.physical = address & physical_mask;
    bool direct = crmd::DA::get(mode);
    const unsigned windows = access == Access::fetch ? dmw::fetch_windows : dmw::windows;
    for (unsigned window = 0; window < windows && !direct; ++window) {
        const std::uint64_t value = csr_[dmw::number0 + window];
        direct = dmw::VSEG::get(value) == address >> 60 && ((value >> level) & 1) != 0;
    }
    if (!direct) {
        if (!legal_address(address, csr_[RVACFG])) {
            return refuse(access == Access::fetch ? Exception::ADEF : Exception::ADEM, address);
        }
        first = translate_mapped(address, access);
    }
    if (!first.ok || !in_guest()) return first;
    Translation second = translate_guest_physical(first.physical, access);
    second.global = first.global;
    second.writable = second.writable && first.writable;
    return second;
}

TlbTag Cpu::tag_of(const CsrBank& bank) const {
    TlbTag tag;
    tag.asid = static_cast<std::uint16_t>(asid::ASID::get(bank.reg[asid::number]));
    const std::uint64_t status = root_.reg[gstat::number];
    const std::uint64_t control = root_.reg[gtlbc::number];
    if (bank.is_guest) {
        tag.kind = TlbKind::stage1;
        tag.gid = static_cast<std::uint8_t>(gstat::GID::get(status));
        return tag;
    }
    unsigned gid = 0;
    if (gtlbc::USETGID::get(control)) {
        gid = gtlbc::TGID::get(control);
    } else if (gstat::PVM::get(status)) {
        gid = gstat::GID::get(status);
    }
    // GID 0 is root's own.
    tag.kind = gid == 0 ? TlbKind::root : TlbKind::stage2;
    tag.gid = static_cast<std::uint8_t>(gid);
    return tag;
}

Translation Cpu::translate_mapped(std::uint64_t address, Access access) {
    const TlbTag tag = tag_of(*bank_);
    const auto found = tlb_.find(address, tag, stlbps::PS::get(csr_[stlbps::number]));
    if (!found) return refuse(Exception::TLBR, address);
    const bool writable = ((misc::DWPL::get(csr_[misc::number]) >> plv()) & 1) != 0;
    Translation result = check_entry(tlb_.at(*found), address, access, plv(), writable, false);
    // While root's lookups are redirected to a guest's stage 2 nothing of them is kept.
    result.cacheable = tag.kind != TlbKind::stage2;
    return result;
}

Translation Cpu::translate_guest_physical(std::uint64_t address, Access access) {
    TlbTag tag;
    tag.kind = TlbKind::stage2;
    tag.gid = static_cast<std::uint8_t>(gstat::GID::get(root_.reg[gstat::number]));
    const auto found = tlb_.find(address, tag, stlbps::PS::get(root_.reg[stlbps::number]));
    if (!found) return refuse(Exception::TLBR, address, true);
    // Privilege is root's, which is 0 while a guest runs.
    return check_entry(tlb_.at(*found), address, access, 0, false, true);
}

// --- Loads and stores ---------------------------------------------------------------------------

Cpu::Target Cpu::target(std::uint64_t address, Access access) {
    Target result;
    const Translation translation = translate(address, access);
    if (!translation.ok) {
        raise(translation.exception, translation.fault);
        raised_stage2_ = translation.stage2;
        return result;
    }
    result.ok = true;
    result.physical = translation.physical;
    const PhysicalPage page = system_.page(translation.physical);
    if (page.host == nullptr) return result;
    result.host = page.host + (translation.physical & ~host_page_mask);
    const std::uint64_t virtual_page = address & host_page_mask;
    const auto addend = reinterpret_cast<std::uint64_t>(page.host) - virtual_page;
    SoftTlbEntry unkept;
    SoftTlbEntry& entry = translation.cacheable ? data_tlb->at(address) : unkept;
    if (entry.addend != addend) entry = SoftTlbEntry{};
    if (!translation.global && (address >> 63) != 0) bank_->non_global_high = true;
    if (access == Access::store) {
        if (!page.writable) {
            result.host = nullptr;  // as a device that ignores writes
        } else if (System::claim_write_pointer(page)) {
            entry.addend = addend;
            entry.write_tag = virtual_page;
        } else {
            result.code = true;
        }
    } else {
        entry.addend = addend;
        entry.read_tag = virtual_page;
    }
    return result;
}

bool Cpu::alignment_checked() const {
    return ((misc::ALCL::get(csr_[misc::number]) >> plv()) & 1) != 0;
}

bool Cpu::load_slow(std::uint64_t address, unsigned size) {
    std::uint64_t& value = slow_value;
    value = 0;
    if ((address & (size - 1)) != 0) {
        if (alignment_checked()) return raise(Exception::ALE, address);
        return load_bytes(address, reinterpret_cast<std::byte*>(&value), size);
    }
    const Target from = target(address, Access::load);
    if (!from.ok) return false;
    if (from.host == nullptr) {
        value = system_.bus().read(Gpa{from.physical}, size);
        return true;
    }
    switch (size) {
        case 1:
            value = __atomic_load_n(reinterpret_cast<std::uint8_t*>(from.host), __ATOMIC_RELAXED);
            break;
        case 2:
            value = __atomic_load_n(reinterpret_cast<std::uint16_t*>(from.host), __ATOMIC_RELAXED);
            break;
        case 4:
            value = __atomic_load_n(reinterpret_cast<std::uint32_t*>(from.host), __ATOMIC_RELAXED);
            break;
        default:
            value = __atomic_load_n(reinterpret_cast<std::uint64_t*>(from.host), __ATOMIC_RELAXED);
            break;
    }
    return true;
}

bool Cpu::store_slow(std::uint64_t address, unsigned size, std::uint64_t value) {
    if ((address & (size - 1)) != 0) {
        if (alignment_checked()) return raise(Exception::ALE, address);
        return store_bytes(address, reinterpret_cast<const std::byte*>(&value), size);
    }
    const Target to = target(address, Access::store);
    if (!to.ok) return false;
    if (to.host == nullptr) {
        system_.bus().write(Gpa{to.physical}, size, value);
        return stay_in_block();
    }
    const auto write = [&] {
        switch (size) {
            case 1:
                __atomic_store_n(reinterpret_cast<std::uint8_t*>(to.host),
                                 static_cast<std::uint8_t>(value), __ATOMIC_RELAXED);
                break;
            case 2:
                __atomic_store_n(reinterpret_cast<std::uint16_t*>(to.host),
                                 static_cast<std::uint16_t>(value), __ATOMIC_RELAXED);
                break;
            case 4:
                __atomic_store_n(reinterpret_cast<std::uint32_t*>(to.host),
                                 static_cast<std::uint32_t>(value), __ATOMIC_RELAXED);
                break;
            default:
                __atomic_store_n(reinterpret_cast<std::uint64_t*>(to.host), value,
                                 __ATOMIC_RELAXED);
                break;
        }
    };
    if (!to.code) {
        write();
        return true;
    }
    system_.write_code(to.physical, size, true, write);
    return leave_after();
}

bool Cpu::load_bytes(std::uint64_t address, std::byte* to, unsigned size) {
    const auto in_first = static_cast<unsigned>(
        std::min<std::uint64_t>(size, host_page_size - (address & ~host_page_mask)));
    const auto part = [&](std::uint64_t from, std::byte* out, unsigned bytes) {
        const SoftTlbEntry& entry = data_tlb->at(from);
        if (entry.read_tag == (from & host_page_mask)) {
            std::memcpy(out, reinterpret_cast<const std::byte*>(from + entry.addend), bytes);
            return true;
        }
        const Target source = target(from, Access::load);
        if (!source.ok) return false;
        if (source.host != nullptr) {
            std::memcpy(out, source.host, bytes);
            return true;
        }
        for (unsigned i = 0; i < bytes; ++i) {
            out[i] = static_cast<std::byte>(system_.bus().read(Gpa{source.physical + i}, 1));
        }
        return true;
    };
    if (!part(address, to, in_first)) return false;
    return in_first == size || part(address + in_first, to + in_first, size - in_first);
}

bool Cpu::store_bytes(std::uint64_t address, const std::byte* from, unsigned size) {
    const SoftTlbEntry& entry = data_tlb->at(address);
    if (entry.write_tag == (address & host_page_mask) &&
        (address & ~host_page_mask) <= host_page_size - size) [[likely]] {
        std::memcpy(reinterpret_cast<std::byte*>(address + entry.addend), from, size);
        return true;
    }
    const auto in_first = static_cast<unsigned>(
        std::min<std::uint64_t>(size, host_page_size - (address & ~host_page_mask)));
    // Both pages are translated before either is written.
    const Target first = target(address, Access::store);
    if (!first.ok) return false;
    Target second;
    if (in_first != size) {
        second = target(address + in_first, Access::store);
        if (!second.ok) return false;
    }
    const auto copy = [&] {
        if (first.host != nullptr) std::memcpy(first.host, from, in_first);
        if (second.host != nullptr) std::memcpy(second.host, from + in_first, size - in_first);
    };
    const auto write_device = [&](const Target& to, const std::byte* bytes, unsigned length) {
        if (to.host != nullptr) return;
        for (unsigned i = 0; i < length; ++i) {
            system_.bus().write(Gpa{to.physical + i}, 1, static_cast<std::uint64_t>(bytes[i]));
        }
    };
    if (!first.code && !second.code) {
        copy();
    } else {
        // Together: while one page waits for its turn, the other could become code.
        system_.write_code(first.physical, in_first, true, [&] {
            copy();
            if (in_first != size) system_.discard(second.physical, size - in_first);
        });
        stale_ = true;
    }
    write_device(first, from, in_first);
    if (in_first != size) write_device(second, from + in_first, size - in_first);
    return stay_in_block();
}

bool Cpu::load_vector(std::uint64_t address, std::byte* to, unsigned size) {
    const SoftTlbEntry& entry = data_tlb->at(address);
    if (entry.read_tag == (address & host_page_mask) &&
        (address & ~host_page_mask) <= host_page_size - size) [[likely]] {
        std::memcpy(to, reinterpret_cast<const std::byte*>(address + entry.addend), size);
        return true;
    }
    std::array<std::byte, 32> bytes;
    if (!load_bytes(address, bytes.data(), size)) return false;
    std::memcpy(to, bytes.data(), size);
    return true;
}

bool Cpu::store_vector(std::uint64_t address, const std::byte* from, unsigned size) {
    const SoftTlbEntry& entry = data_tlb->at(address);
    if (entry.write_tag == (address & host_page_mask) &&
        (address & ~host_page_mask) <= host_page_size - size) [[likely]] {
        std::memcpy(reinterpret_cast<std::byte*>(address + entry.addend), from, size);
        return true;
    }
    return store_bytes(address, from, size);
}

std::byte* Cpu::atomic_pointer(std::uint64_t address, unsigned size) {
    if ((address & (size - 1)) != 0) {
        raise(Exception::ALE, address);
        return nullptr;
    }
    const SoftTlbEntry& entry = data_tlb->at(address);
    if (entry.write_tag == (address & host_page_mask)) [[likely]] {
        return reinterpret_cast<std::byte*>(address + entry.addend);
    }
    const Target to = target(address, Access::store);
    if (!to.ok) return nullptr;
    if (to.host == nullptr) {
        raise(Exception::ADEM, address);  // no atomics on devices
    } else if (to.code) {
        system_.make_data(to.physical);
        stale_ = true;
    }
    return to.host;
}

const std::byte* Cpu::read_pointer(std::uint64_t address, unsigned size) {
    if ((address & (size - 1)) != 0) {
        raise(Exception::ALE, address);
        return nullptr;
    }
    const Target from = target(address, Access::load);
    if (from.ok && from.host == nullptr) raise(Exception::ADEM, address);
    return from.ok ? from.host : nullptr;
}

bool Cpu::load_table(std::uint64_t physical, std::uint64_t& value) {
    std::uint64_t address = physical & physical_mask & ~std::uint64_t{7};
    if (in_guest()) {
        const Translation translation = translate_guest_physical(address, Access::load);
        if (!translation.ok) {
            raise(translation.exception, translation.fault);
            raised_stage2_ = true;
            return false;
        }
        address = translation.physical;
    }
    const PhysicalPage page = system_.page(address);
    if (page.host == nullptr) {
        value = system_.bus().read(Gpa{address}, 8);
        return true;
    }
    value = __atomic_load_n(
        reinterpret_cast<const std::uint64_t*>(page.host + (address & ~host_page_mask)),
        __ATOMIC_RELAXED);
    return true;
}

}  // namespace lkvm::la
