// SPDX-License-Identifier: GPL-2.0-or-later
// One software vCPU: architectural state, the caches in front of it, and what instruction
// semantics may ask of it.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "loongarch/csr/csr.hpp"
#include "loongarch/csr/exception.hpp"
#include "loongarch/soft/block.hpp"
#include "loongarch/soft/cpu_config.hpp"
#include "loongarch/soft/fp_pending.hpp"
#include "loongarch/soft/op.hpp"
#include "loongarch/soft/soft_tlb.hpp"
#include "loongarch/soft/system.hpp"
#include "loongarch/soft/tlb.hpp"
#include "loongarch/soft/vector_register.hpp"

namespace lkvm::la {

enum class Access : std::uint8_t { load, store, fetch };

/// Why the interpreter came out of its chain of operations.
enum class Leave : std::uint8_t {
    jump,       ///< pc holds the next instruction
    next,       ///< after leave_op: go on with the following instruction, looking at everything
    exception,  ///< leave_op raised `raised`
    idle,       ///< leave_op is an idle instruction
};

/// A translated address or the exception that it raises.
struct Translation {
    bool ok = false;
    bool global = true;  ///< also valid for other ASIDs
    bool writable = false;
    bool stage2 = false;    ///< refused by the host's tables; `fault` is a guest-physical address
    bool cacheable = true;  ///< may be kept until the TLB changes
    Exception exception{};
    std::uint64_t physical = 0;
    std::uint64_t fault = 0;  ///< BADV of the exception
};

/// Load-linked state. The reservation is on a value: sc is a compare-and-swap.
struct LinkedLoad {
    bool valid = false;
    std::uint64_t address = 0;
    std::uint64_t value = 0;
    std::uint64_t other_half = 0;  ///< the rest of the aligned 16 bytes, for sc.q
};

/// Registers of one world: root, or the guest that the virtualization extension runs.
struct CsrBank {
    std::array<std::uint64_t, csr::count> reg{};
    /// When the timer fires, in ticks of System::counter(); UINT64_MAX: never. Any thread reads.
    std::atomic<std::uint64_t> deadline{UINT64_MAX};
    /// Of the world that is not running; Cpu::ll is that of the other one.
    LinkedLoad ll;
    bool is_guest = false;
    bool non_global_high = false;  ///< a cached translation with bit 63 set depends on the ASID
    unsigned user_plv = 3;         ///< privilege level that the user SoftTlb is for
    /// Of the jump cache, by bit 63 of the pc. Contexts hold the bits of Cpu::epoch_mask.
    std::array<std::uint64_t, 2> epochs{1, 1};
};

/// One vCPU. Everything here belongs to the vCPU's own thread unless a member says otherwise.
class Cpu {
public:
    /// `code_memory`: where decoded blocks lie; see BlockCache.
    Cpu(System& system, unsigned index, const CpuConfig& config, std::span<std::byte> code_memory);
    ~Cpu() { system_.detach(*this); }
    Cpu(const Cpu&) = delete;
    Cpu& operator=(const Cpu&) = delete;

    // --- Architectural state --------------------------------------------------------------------

    /// General registers; slot gpr_sink swallows writes to register 0.
    std::array<std::uint64_t, 33> gpr{};
    /// Virtual address of the page that the running block is in.
    std::uint64_t page_pc = 0;
    Block* block = nullptr;
    /// Instructions executed, counted in whole blocks when they are entered.
    std::uint64_t instructions = 0;
    /// What load_slow() found.
    std::uint64_t slow_value = 0;
    SoftTlb* data_tlb = nullptr;
    /// Something wants the run loop's attention at the next block boundary. Any thread sets it.
    std::atomic<bool> attention{false};
    Leave leave = Leave::jump;
    Exception raised{};
    const Op* leave_op = nullptr;
    std::uint64_t bad_address = 0;
    /// The next instruction, whenever no operation is running.
    std::uint64_t pc = 0;
    /// Translation contexts of the jump cache for pcs with bit 63 clear and set.
    std::array<std::uint64_t, 2> contexts{};
    /// Condition flags, each 0 or 1.
    std::array<std::uint8_t, 8> fcc{};
    /// Complete but for Cause; read and written through fp_state.hpp.
    std::uint32_t fcsr = 0;
    FpPending fp_pending;
    std::array<VectorRegister, 32> vr{};

    LinkedLoad ll;

    // --- For instruction semantics --------------------------------------------------------------

    /// Notes that the current instruction raises `exception` and returns false, for handlers that
    /// say `return cpu.raise(...)`. No register may have been written before.
    bool raise(Exception exception) {
        raised = exception;
        raised_stage2_ = false;
        leave = Leave::exception;
        return false;
    }
    /// The same with a bad virtual address (BADV).
    bool raise(Exception exception, std::uint64_t address) {
        bad_address = address;
        return raise(exception);
    }
    /// For handlers that may have changed code: the instruction is done, and the next one comes
    /// from this block unless the block is out of date.
    [[nodiscard]] bool stay_in_block() {
        if (!stale_ && (block == nullptr || !block->discarded)) [[likely]]
            return true;
        stale_ = false;
        return leave_after();
    }
    /// Ends the block after this instruction and looks at interrupts and modes again.
    bool leave_after() {
        leave = Leave::next;
        return false;
    }

    /// Guest-virtual memory accesses at the current privilege level, any alignment. False: the
    /// handler must return false at once without touching registers (an exception is noted, or,
    /// for stores that were done, the block must be left).
    template<class T>
    [[nodiscard]] bool load(std::uint64_t address, T& value) {
        const SoftTlbEntry& entry = data_tlb->at(address);
        if (entry.read_tag == SoftTlb::tag(address, sizeof(T))) [[likely]] {
            value = __atomic_load_n(reinterpret_cast<const T*>(address + entry.addend),
                                    __ATOMIC_RELAXED);
            return true;
        }
        if (!load_slow(address, sizeof(T))) return false;
        value = static_cast<T>(slow_value);
        return true;
    }
    template<class T>
    [[nodiscard]] bool store(std::uint64_t address, T value) {
        const SoftTlbEntry& entry = data_tlb->at(address);
        if (entry.write_tag == SoftTlb::tag(address, sizeof(T))) [[likely]] {
            __atomic_store_n(reinterpret_cast<T*>(address + entry.addend), value, __ATOMIC_RELAXED);
            return true;
        }
        return store_slow(address, sizeof(T), static_cast<std::uint64_t>(value));
    }
    /// The same without the alignment check of MISC.ALCL, which is not for vector instructions (LA
    /// Vol.1 §7.4.4); `size` is at most 32. A store writes all or nothing.
    [[nodiscard]] bool load_vector(std::uint64_t address, std::byte* to, unsigned size);
    [[nodiscard]] bool store_vector(std::uint64_t address, const std::byte* from, unsigned size);
    /// Host pointer for an atomic read-modify-write of `size` bytes at an aligned `address`, or
    /// null (exception noted). Good until the instruction ends, which must be with
    /// stay_in_block(): code of the page is discarded, the running block's too.
    [[nodiscard]] std::byte* atomic_pointer(std::uint64_t address, unsigned size);
    /// Host pointer to read `size` aligned bytes directly, or null (exception noted or device).
    [[nodiscard]] const std::byte* read_pointer(std::uint64_t address, unsigned size);

    /// Called on each turn of a loop that waits for memory to change: who is waited for may be a
    /// thread that wants this host CPU.
    void note_waiting() {
        if ((++turns_waited_ % turns_between_yields) == 0) yield();
    }

    /// The block found next, if it is at `target`, is to be stored in `*link` (may be null).
    void request_link(Block** link, std::uint64_t target) {
        link_ = link;
        link_target_ = target;
    }

    /// Virtual address of `op`, which is running.
    [[nodiscard]] std::uint64_t pc_of(const Op* op) const {
        return page_pc + block->bias + (reinterpret_cast<std::uint64_t>(op) >> 2);
    }

    // --- Privileged architecture ----------------------------------------------------------------

    /// Of the world that is running.
    [[nodiscard]] std::uint64_t read_csr(unsigned number) { return read_csr(*bank_, number); }
    /// Returns the old value. Only bits of `mask` change, as far as they are writable.
    std::uint64_t write_csr(unsigned number, std::uint64_t value, std::uint64_t mask = UINT64_MAX) {
        return write_csr(*bank_, number, value, mask);
    }
    /// The guest's registers, as root reaches them (gcsrrd, gcsrwr, gcsrxchg).
    [[nodiscard]] std::uint64_t read_guest_csr(unsigned number) { return read_csr(guest_, number); }
    std::uint64_t write_guest_csr(unsigned number, std::uint64_t value, std::uint64_t mask);
    /// The stored value, without what is computed when software reads the register.
    [[nodiscard]] std::uint64_t& csr(unsigned number) { return csr_[number]; }
    [[nodiscard]] std::uint64_t csr(unsigned number) const { return csr_[number]; }
    [[nodiscard]] unsigned plv() const { return csr::crmd::PLV::get(csr_[csr::crmd::number]); }
    [[nodiscard]] bool in_guest() const { return bank_->is_guest; }
    [[nodiscard]] const CpuConfig& config() const { return config_; }
    [[nodiscard]] unsigned index() const { return index_; }
    [[nodiscard]] System& system() { return system_; }
    /// Stable counter as rdtime shows it.
    [[nodiscard]] std::uint64_t stable_counter();
    /// ESTAT with the interrupt lines as they are now.
    [[nodiscard]] std::uint64_t estat() const { return estat(*bank_); }
    /// Instructions executed in the guest of the virtualization extension, part of `instructions`.
    [[nodiscard]] std::uint64_t guest_instructions() const;

    void return_from_exception();
    // TLB instructions. `guest`: root works on the guest's entries (gtlb*).
    void tlb_search(bool guest = false);
    void tlb_read(bool guest = false);
    void tlb_write(bool guest = false);
    void tlb_fill(bool guest = false);
    void tlb_clear(bool ignore_asid, bool guest = false);
    [[nodiscard]] bool tlb_invalidate(unsigned operation, std::uint64_t operand,
                                      std::uint64_t address);
    /// Loads 8 bytes of a page table at a physical address of the running world. False: exception
    /// noted (only in the guest).
    [[nodiscard]] bool load_table(std::uint64_t physical, std::uint64_t& value);

    // --- Running --------------------------------------------------------------------------------

    /// Registers and TLB as after reset. Only while run() is not active or held.
    void reset();
    /// Runs until stop() is called. The calling thread is the vCPU thread.
    void run();
    /// Runs `steps` instructions one by one, or fewer if stop() is called. One that raises an
    /// exception is a step, and the handler's first instruction the next. For tests.
    void step(std::uint64_t steps);
    /// Any thread: makes run() return soon.
    void stop();
    /// Any thread: level of an interrupt line (2..9 and 12 of ESTAT.IS).
    void set_line(unsigned line, bool level);
    /// Any thread: run() looks around before the next block.
    void request_attention();
    /// Wakes the vCPU if it idles. Any thread.
    void wake();
    /// True between entering and leaving the guest on the vCPU's thread.
    [[nodiscard]] bool inside_guest() const { return inside_; }
    /// vCPU thread: between these two it counts as parked; see OutsideGuest.
    void enter_guest();
    void leave_guest();

    /// Only while this vCPU is parked, or on its own thread.
    void revoke_writes(std::uint64_t host_page);
    void discard_code(std::uint64_t physical_page);

    /// Time at which the timer next fires, in counter ticks; UINT64_MAX if never. Any thread.
    [[nodiscard]] std::uint64_t timer_deadline() const {
        const std::uint64_t root = root_.deadline.load(std::memory_order_relaxed);
        const std::uint64_t guest = guest_.deadline.load(std::memory_order_relaxed);
        return root < guest ? root : guest;
    }

    /// The first such time after `now`.
    [[nodiscard]] std::uint64_t timer_deadline_after(std::uint64_t now) const {
        const std::uint64_t root = root_.deadline.load(std::memory_order_relaxed);
        const std::uint64_t guest = guest_.deadline.load(std::memory_order_relaxed);
        const std::uint64_t later = root > guest ? root : guest;
        const std::uint64_t first = timer_deadline();
        return first > now ? first : later > now ? later : UINT64_MAX;
    }

    /// Finds or makes the block at pc. Null: an exception was delivered instead.
    Block* find_block();
    /// The block at `target` if the jump cache has it.
    [[nodiscard]] Block* cached_block(std::uint64_t target) {
        const JumpCacheEntry& entry = jump_cache_.at(target);
        const bool hit = entry.pc == target && entry.context == contexts[target >> 63];
        return hit ? entry.block : nullptr;
    }

    [[nodiscard]] Translation translate(std::uint64_t address, Access access);
    /// Called for each instruction before it runs while set; for tracing. Takes effect at once.
    using Tracer = void (*)(void* context, Cpu& cpu, std::uint64_t pc, std::uint32_t word);
    void set_tracer(Tracer tracer, void* context);

    /// Called at the marker instruction, andi $zero, $zero, N with N above 0, in any mode. Counts
    /// are those of the instructions before it.
    struct Marker {
        unsigned number = 0;
        std::uint64_t instructions = 0;
        std::uint64_t guest_instructions = 0;
    };
    using MarkerSink = void (*)(void* context, const Cpu& cpu, const Marker& marker);
    void set_marker_sink(MarkerSink sink, void* context);
    void note_marker(const Op& op) const;

private:
    friend struct CpuTestAccess;

    /// A few microseconds.
    static constexpr unsigned turns_between_yields = 1024;
    static void yield();

    [[nodiscard]] bool load_slow(std::uint64_t address, unsigned size);
    [[nodiscard]] bool store_slow(std::uint64_t address, unsigned size, std::uint64_t value);
    /// Host memory or (host null) device address behind one access that stays in a 4 KiB page.
    struct Target {
        bool ok = false;
        std::byte* host = nullptr;
        bool code = false;  ///< a write must go through System::write_code()
        std::uint64_t physical = 0;
    };
    [[nodiscard]] Target target(std::uint64_t address, Access access);
    [[nodiscard]] bool load_bytes(std::uint64_t address, std::byte* to, unsigned size);
    [[nodiscard]] bool store_bytes(std::uint64_t address, const std::byte* from, unsigned size);
    [[nodiscard]] bool alignment_checked() const;

    [[nodiscard]] std::uint64_t read_csr(CsrBank& bank, unsigned number);
    std::uint64_t write_csr(CsrBank& bank, unsigned number, std::uint64_t value,
                            std::uint64_t mask);
    void after_csr_write(CsrBank& bank, unsigned number, std::uint64_t before);
    [[nodiscard]] std::uint64_t estat(const CsrBank& bank) const;

    [[nodiscard]] Translation translate_mapped(std::uint64_t address, Access access);
    [[nodiscard]] Translation translate_guest_physical(std::uint64_t address, Access access);
    /// Which TLB entries `bank`'s translations and TLB instructions are about.
    [[nodiscard]] TlbTag tag_of(const CsrBank& bank) const;
    [[nodiscard]] TlbTag operand_tag(bool guest) const;
    [[nodiscard]] SoftTlb* soft_tlbs_of(const CsrBank& bank) {
        return &soft_tlbs_[bank.is_guest ? 3 : 0];
    }
    void put_entry(unsigned index, const TlbEntry& entry, unsigned stlb_page_bits);
    void drop_translations(const TlbEntry& entry);
    void flush_translations(CsrBank& bank);
    void flush_non_global(CsrBank& bank);
    void update_mode();
    /// Makes the jump cache forget every block.
    void forget_blocks();
    static constexpr std::uint64_t epoch_mask = UINT32_MAX;
    /// Makes the jump cache forget what pcs of one half lead to (bit 63); update_mode() follows.
    void next_epoch(CsrBank& bank, std::uint64_t half);
    /// Switches to the root's or the guest's registers and translation.
    void enter_world(bool guest);

    /// `word` is the instruction that raised it; none for interrupts and fetches.
    void deliver(Exception exception, std::uint64_t fault_pc, std::uint64_t address,
                 std::optional<std::uint32_t> word, bool stage2 = false);
    void deliver_refill(std::uint64_t fault_pc, std::uint64_t address, bool from_guest);
    /// Whether an exception raised in the guest is root's.
    [[nodiscard]] bool exits_guest(Exception exception, bool stage2) const;
    /// Takes a pending interrupt if enabled.
    void check_interrupts();
    [[nodiscard]] bool interrupt_due(const CsrBank& bank) const;
    void service();
    void wait_for_interrupt();
    void run_chain();
    void finish_chain();
    void arm_timer(CsrBank& bank, std::uint64_t ticks);
    void update_timer(CsrBank& bank);
    void update_timers();
    [[nodiscard]] std::uint64_t timer_value(CsrBank& bank);
    Block* decode_block(std::uint64_t physical, const std::byte* host, BlockMode mode);
    [[nodiscard]] std::uint32_t word_at(const Op* op) const;

    System& system_;
    const unsigned index_;
    const CpuConfig config_;
    CsrBank root_;
    CsrBank guest_;
    CsrBank* bank_ = &root_;  ///< of the running world
    std::uint64_t* csr_ = root_.reg.data();
    Tlb tlb_;
    /// Root's for PLV 0, other PLVs and direct addressing, then the guest's.
    std::array<SoftTlb, 6> soft_tlbs_;
    bool raised_stage2_ = false;
    bool stale_ = false;  ///< the running block may have been discarded
    std::uint64_t guest_instructions_ = 0;
    std::uint64_t guest_entered_at_ = 0;
    BlockMode mode_;
    JumpCache jump_cache_;
    BlockCache blocks_;
    Block** link_ = nullptr;
    std::uint64_t link_target_ = 0;

    std::atomic<std::uint32_t> lines_{0};
    std::atomic<bool> stop_{false};
    bool inside_ = false;
    bool one_by_one_ = false;
    std::uint64_t resets_ = 0;
    unsigned turns_waited_ = 0;
    Tracer tracer_ = nullptr;
    void* tracer_context_ = nullptr;
    MarkerSink marker_sink_ = nullptr;
    void* marker_context_ = nullptr;
    std::mutex idle_mutex_;
    std::condition_variable idle_;
    bool wake_ = false;
};

}  // namespace lkvm::la
