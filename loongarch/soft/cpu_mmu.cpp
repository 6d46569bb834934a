// SPDX-License-Identifier: GPL-2.0-or-later
// Address translation, TLB instructions and the slow paths of loads and stores. LA Vol.1 §5.
#include <algorithm>
#include <cstring>

#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

using namespace csr;

namespace {

std::uint64_t sign_extend_address(std::uint64_t address) {
    constexpr unsigned unused = 64 - virtual_bits;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << unused) >> unused);
}

Translation refuse(Exception exception) {
    Translation result;
    result.exception = exception;
    return result;
}

}  // namespace

Translation Cpu::translate(std::uint64_t address, Access access) {
    const std::uint64_t mode = csr_[crmd::number];
    Translation result;
    result.ok = true;
    result.readable = true;
    result.writable = true;
    if (crmd::DA::get(mode)) {
        result.physical = address & physical_mask;
        return result;
    }
    const unsigned level = crmd::PLV::get(mode);
    for (unsigned window = 0; window < dmw::windows; ++window) {
        const std::uint64_t value = csr_[dmw::number0 + window];
        if (dmw::VSEG::get(value) == address >> 60 && ((value >> level) & 1) != 0) {
            result.physical = address & physical_mask;
            return result;
        }
    }
    if (sign_extend_address(address) != address) {
        return refuse(access == Access::fetch ? Exception::ADEF : Exception::ADEM);
    }
    return translate_mapped(address, access);
}

Translation Cpu::translate_mapped(std::uint64_t address, Access access) {
    const TlbTag tag{TlbKind::root, 0,
                     static_cast<std::uint16_t>(asid::ASID::get(csr_[asid::number]))};
    const auto found = tlb_.find(address, tag, stlbps::PS::get(csr_[stlbps::number]));
    if (!found) return refuse(Exception::TLBR);
    const TlbEntry& entry = tlb_.at(*found);
    const std::uint64_t lo = entry.lo[(address >> entry.page_bits) & 1];
    if (!tlbelo::V::get(lo)) {
        switch (access) {
            case Access::load: return refuse(Exception::PIL);
            case Access::store: return refuse(Exception::PIS);
            case Access::fetch: return refuse(Exception::PIF);
        }
    }
    if (access == Access::fetch && tlbelo::NX::get(lo)) return refuse(Exception::PNX);
    if (access == Access::load && tlbelo::NR::get(lo)) return refuse(Exception::PNR);
    const unsigned level = plv();
    const unsigned page_level = tlbelo::PLV::get(lo);
    if (tlbelo::RPLV::get(lo) ? level != page_level : level > page_level) {
        return refuse(Exception::PPI);
    }
    if (access == Access::store && !tlbelo::D::get(lo)) return refuse(Exception::PME);
    const std::uint64_t offset_mask = (std::uint64_t{1} << entry.page_bits) - 1;
    Translation result;
    result.ok = true;
    result.global = entry.global;
    result.readable = !tlbelo::NR::get(lo);
    result.writable = tlbelo::D::get(lo);
    result.physical = (lo & tlbelo::PPN::mask & ~offset_mask) | (address & offset_mask);
    return result;
}

// --- Loads and stores ---------------------------------------------------------------------------

Cpu::Target Cpu::target(std::uint64_t address, Access access) {
    Target result;
    const Translation translation = translate(address, access);
    if (!translation.ok) {
        raise(translation.exception, address);
        return result;
    }
    result.ok = true;
    result.physical = translation.physical;
    const PhysicalPage page = system_.page(translation.physical);
    if (page.host == nullptr) return result;
    result.host = page.host + (translation.physical & ~host_page_mask);
    const std::uint64_t virtual_page = address & host_page_mask;
    const auto addend = reinterpret_cast<std::uint64_t>(page.host) - virtual_page;
    SoftTlbEntry& entry = data_tlb->at(address);
    if (entry.addend != addend) entry = SoftTlbEntry{};
    if (!translation.global && (address >> 63) != 0) non_global_high_ = true;
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

bool Cpu::load_slow(std::uint64_t address, unsigned size, std::uint64_t& value) {
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
        case 1: value = __atomic_load_n(reinterpret_cast<std::uint8_t*>(from.host), __ATOMIC_RELAXED); break;
        case 2: value = __atomic_load_n(reinterpret_cast<std::uint16_t*>(from.host), __ATOMIC_RELAXED); break;
        case 4: value = __atomic_load_n(reinterpret_cast<std::uint32_t*>(from.host), __ATOMIC_RELAXED); break;
        default: value = __atomic_load_n(reinterpret_cast<std::uint64_t*>(from.host), __ATOMIC_RELAXED); break;
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
        if (system_.bus().covers(Gpa{to.physical})) {
            system_.bus().write(Gpa{to.physical}, size, value);
        }
        return true;
    }
    const auto write = [&] {
        switch (size) {
            case 1: __atomic_store_n(reinterpret_cast<std::uint8_t*>(to.host), static_cast<std::uint8_t>(value), __ATOMIC_RELAXED); break;
            case 2: __atomic_store_n(reinterpret_cast<std::uint16_t*>(to.host), static_cast<std::uint16_t>(value), __ATOMIC_RELAXED); break;
            case 4: __atomic_store_n(reinterpret_cast<std::uint32_t*>(to.host), static_cast<std::uint32_t>(value), __ATOMIC_RELAXED); break;
            default: __atomic_store_n(reinterpret_cast<std::uint64_t*>(to.host), value, __ATOMIC_RELAXED); break;
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
    bool code = false;
    const auto part = [&](const Target& to, const std::byte* bytes, unsigned length) {
        if (to.host == nullptr) {
            for (unsigned i = 0; i < length; ++i) {
                system_.bus().write(Gpa{to.physical + i}, 1,
                                    static_cast<std::uint64_t>(bytes[i]));
            }
        } else if (to.code) {
            system_.write_code(to.physical, length, true,
                               [&] { std::memcpy(to.host, bytes, length); });
            code = true;
        } else {
            std::memcpy(to.host, bytes, length);
        }
    };
    part(first, from, in_first);
    if (in_first != size) part(second, from + in_first, size - in_first);
    return code ? leave_after() : true;
}

bool Cpu::load_vector(std::uint64_t address, std::byte* to, unsigned size) {
    if ((address & (size - 1)) != 0 && alignment_checked()) return raise(Exception::ALE, address);
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
    if ((address & (size - 1)) != 0 && alignment_checked()) return raise(Exception::ALE, address);
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
    Target to = target(address, Access::store);
    if (!to.ok) return nullptr;
    if (to.host != nullptr && to.code) {
        // The page becomes plain data; then the pointer may be claimed.
        system_.write_code(to.physical, size, true, [] {});
        to = target(address, Access::store);
        if (to.ok && to.code) {
            leave = Leave::exception;  // another vCPU decoded from it again: repeat
            raised = Exception::INT;
            return nullptr;
        }
    }
    if (to.ok && to.host == nullptr) raise(Exception::ADEM, address);  // no atomics on devices
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

std::uint64_t Cpu::load_table(std::uint64_t physical) {
    const std::uint64_t address = physical & physical_mask & ~std::uint64_t{7};
    const PhysicalPage page = system_.page(address);
    if (page.host == nullptr) return system_.bus().read(Gpa{address}, 8);
    return __atomic_load_n(
        reinterpret_cast<const std::uint64_t*>(page.host + (address & ~host_page_mask)),
        __ATOMIC_RELAXED);
}

// --- TLB instructions ---------------------------------------------------------------------------

void Cpu::drop_translations(const TlbEntry& entry) {
    if (((entry.lo[0] | entry.lo[1]) & tlbelo::V::mask) == 0) return;
    const std::uint64_t base = sign_extend_address(entry.span_base());
    soft_tlbs_[0].flush_range(base, entry.span_bytes());
    soft_tlbs_[1].flush_range(base, entry.span_bytes());
    const auto executable = [](std::uint64_t lo) {
        return tlbelo::V::get(lo) && !tlbelo::NX::get(lo);
    };
    if (executable(entry.lo[0]) || executable(entry.lo[1])) {
        ++epochs_[base >> 63];
        update_mode();
    }
}

void Cpu::flush_translations() {
    for (SoftTlb& cache : soft_tlbs_) cache.flush();
    ++epochs_[0];
    ++epochs_[1];
    non_global_high_ = false;
    update_mode();
}

void Cpu::flush_non_global() {
    if (non_global_high_) return flush_translations();
    soft_tlbs_[0].flush_low_half();
    soft_tlbs_[1].flush_low_half();
    update_mode();
}

void Cpu::tlb_search() {
    const bool refill = tlbrera::IsTLBR::get(csr_[tlbrera::number]);
    const std::uint64_t address =
        csr_[refill ? tlbrehi::number : tlbehi::number] & tlbehi::VPPN::mask;
    const TlbTag tag{TlbKind::root, 0,
                     static_cast<std::uint16_t>(asid::ASID::get(csr_[asid::number]))};
    const auto found = tlb_.find(address, tag, stlbps::PS::get(csr_[stlbps::number]));
    std::uint64_t& index = csr_[tlbidx::number];
    index = tlbidx::NE::put(index, !found);
    if (found) index = tlbidx::Index::put(index, *found);
}

void Cpu::tlb_read() {
    std::uint64_t& index = csr_[tlbidx::number];
    const unsigned number = tlbidx::Index::get(index);
    const TlbEntry none{};
    const TlbEntry& entry = number < Tlb::entries ? tlb_.at(number) : none;
    if (!entry.valid) {
        index = tlbidx::PS::put(tlbidx::NE::put(index, true), 0);
        csr_[asid::number] = asid::ASID::put(csr_[asid::number], 0);
        csr_[tlbehi::number] = 0;
        csr_[tlbelo::number0] = 0;
        csr_[tlbelo::number1] = 0;
        flush_non_global();
        return;
    }
    index = tlbidx::PS::put(tlbidx::NE::put(index, false), entry.page_bits);
    csr_[asid::number] = asid::ASID::put(csr_[asid::number], entry.asid);
    csr_[tlbehi::number] = (entry.vppn << 13) & tlbehi::VPPN::mask;
    csr_[tlbelo::number0] = tlbelo::G::put(entry.lo[0], entry.global);
    csr_[tlbelo::number1] = tlbelo::G::put(entry.lo[1], entry.global);
    flush_non_global();
}

namespace {

TlbEntry entry_from(const std::uint64_t* csr_file) {
    const bool refill = tlbrera::IsTLBR::get(csr_file[tlbrera::number]);
    TlbEntry entry;
    entry.valid = refill || !tlbidx::NE::get(csr_file[tlbidx::number]);
    entry.asid = static_cast<std::uint16_t>(asid::ASID::get(csr_file[asid::number]));
    const std::uint64_t high = csr_file[refill ? tlbrehi::number : tlbehi::number];
    const unsigned bits = refill ? tlbrehi::PS::get(csr_file[tlbrehi::number])
                                 : tlbidx::PS::get(csr_file[tlbidx::number]);
    // Page sizes outside PRCFG2 are undefined; they must not become shifts out of range.
    entry.page_bits = static_cast<std::uint8_t>(std::clamp(bits, 12u, 47u));
    entry.vppn = tlbehi::VPPN::get(high);
    entry.lo[0] = csr_file[refill ? TLBRELO0 : tlbelo::number0];
    entry.lo[1] = csr_file[refill ? TLBRELO1 : tlbelo::number1];
    entry.global = tlbelo::G::get(entry.lo[0]) && tlbelo::G::get(entry.lo[1]);
    return entry;
}

}  // namespace

void Cpu::tlb_write() {
    const unsigned number = tlbidx::Index::get(csr_[tlbidx::number]);
    if (number >= Tlb::entries) return;
    const TlbEntry entry = entry_from(csr_.data());
    if (tlb_.at(number).valid) drop_translations(tlb_.at(number));
    tlb_.at(number).valid = false;
    if (tlb_.remove_overlaps(entry, stlbps::PS::get(csr_[stlbps::number]))) {
        TlbEntry whole = entry;
        whole.lo = {tlbelo::V::mask, tlbelo::V::mask};
        drop_translations(whole);
    }
    tlb_.put(number, entry);
}

void Cpu::tlb_fill() {
    const TlbEntry entry = entry_from(csr_.data());
    const unsigned stlb_bits = stlbps::PS::get(csr_[stlbps::number]);
    if (tlb_.remove_overlaps(entry, stlb_bits)) {
        TlbEntry whole = entry;
        whole.lo = {tlbelo::V::mask, tlbelo::V::mask};
        drop_translations(whole);
    }
    const unsigned number = tlb_.victim(entry.vppn << 13, entry.page_bits, stlb_bits);
    if (tlb_.at(number).valid) drop_translations(tlb_.at(number));
    tlb_.put(number, entry);
}

void Cpu::tlb_clear(bool ignore_asid) {
    const unsigned number = tlbidx::Index::get(csr_[tlbidx::number]);
    const auto current = static_cast<std::uint16_t>(asid::ASID::get(csr_[asid::number]));
    const auto clear = [&](unsigned index) {
        TlbEntry& entry = tlb_.at(index);
        if (ignore_asid || (!entry.global && entry.asid == current)) entry.valid = false;
    };
    if (number < Tlb::stlb_entries) {
        for (unsigned way = 0; way < Tlb::ways; ++way) {
            clear(way * Tlb::sets + number % Tlb::sets);
        }
    } else {
        for (unsigned index = Tlb::stlb_entries; index < Tlb::entries; ++index) clear(index);
    }
    flush_translations();
}

bool Cpu::tlb_invalidate(unsigned operation, std::uint64_t asid_operand, std::uint64_t address) {
    const auto selected = static_cast<std::uint16_t>(asid::ASID::get(asid_operand));
    const std::uint64_t vpn = tlbehi::VPPN::get(address);
    const auto covers = [vpn](const TlbEntry& entry) {
        const unsigned shift = entry.page_bits - 12u;
        return (entry.vppn >> shift) == (vpn >> shift);
    };
    const auto remove = [this](auto&& matches) {
        tlb_.remove_if([&](const TlbEntry& entry) {
            if (!matches(entry)) return false;
            drop_translations(entry);
            return true;
        });
    };
    switch (operation) {  // LA Vol.1 §4.2.4.7
        case 0:
        case 1:
            tlb_.remove_if([](const TlbEntry&) { return true; });
            flush_translations();
            return true;
        case 2: remove([](const TlbEntry& entry) { return entry.global; }); return true;
        case 3: remove([](const TlbEntry& entry) { return !entry.global; }); return true;
        case 4:
            remove([=](const TlbEntry& entry) { return !entry.global && entry.asid == selected; });
            return true;
        case 5:
            remove([=](const TlbEntry& entry) {
                return !entry.global && entry.asid == selected && covers(entry);
            });
            return true;
        case 6:
            remove([=](const TlbEntry& entry) {
                return (entry.global || entry.asid == selected) && covers(entry);
            });
            return true;
        default: return raise(Exception::INE);
    }
}

}  // namespace lkvm::la
