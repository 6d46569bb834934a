// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the kernel's KVM interface for LoongArch that lkvm uses, spelled out here so that it
// also compiles (and is tested) where <linux/kvm.h> is another architecture's. KVM api.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <sys/ioctl.h>

namespace lkvm::vmm::kvm {

inline constexpr int api_version = 12;
inline constexpr unsigned ioctl_type = 0xae;

// Structures, laid out as the kernel's.
struct Regs {
    std::uint64_t gpr[32];
    std::uint64_t pc;
};
static_assert(sizeof(Regs) == 264);

struct OneReg {
    std::uint64_t id;
    std::uint64_t address;
};
struct MemoryRegion {
    std::uint32_t slot;
    std::uint32_t flags;
    std::uint64_t guest_address;
    std::uint64_t size;
    std::uint64_t host_address;
};
inline constexpr std::uint32_t memory_readonly = 2;

struct Interrupt {
    std::int32_t irq;  ///< raises the line, negative: lowers it
};
struct IrqLevel {
    std::uint32_t irq;
    std::uint32_t level;
};
struct CreateDevice {
    std::uint32_t type;
    std::uint32_t fd;
    std::uint32_t flags;
};
inline constexpr std::uint32_t create_device_test = 1;
struct DeviceAttr {
    std::uint32_t flags;
    std::uint32_t group;
    std::uint64_t attr;
    std::uint64_t address;
};
struct MpState {
    std::uint32_t state;
};
struct Irqfd {
    std::uint32_t fd;
    std::uint32_t gsi;
    std::uint32_t flags;
    std::uint32_t resample_fd;
    std::uint8_t pad[16];
};
struct Ioeventfd {
    std::uint64_t datamatch;
    std::uint64_t address;
    std::uint32_t length;
    std::int32_t fd;
    std::uint32_t flags;
    std::uint8_t pad[36];
};
static_assert(sizeof(Ioeventfd) == 64);
inline constexpr std::uint32_t ioeventfd_datamatch = 1;

/// An MMIO or IOCSR exit.
struct RunAccess {
    std::uint64_t address;
    std::uint8_t data[8];
    std::uint32_t length;
    std::uint8_t is_write;
};
struct RunHypercall {
    std::uint64_t number;
    std::uint64_t arguments[6];
    std::uint64_t result;
};

/// The shared page of a vCPU, as far as LoongArch's exits use it.
struct Run {
    std::uint8_t request_interrupt_window;
    std::uint8_t immediate_exit;
    std::uint8_t pad1[6];
    std::uint32_t exit_reason;
    std::uint8_t pad2[20];
    union {
        RunAccess access;
        RunHypercall hypercall;
        std::uint32_t internal_error;  ///< which one
        std::uint8_t padding[256];
    };
};
static_assert(offsetof(Run, exit_reason) == 8 && offsetof(Run, access) == 32);

enum class Exit : std::uint32_t {
    unknown = 0,
    hypercall = 3,
    debug = 4,
    mmio = 6,
    interrupted = 10,
    internal_error = 17,
    dirty_ring_full = 31,
    iocsr = 38,
};

// Requests.
inline constexpr unsigned long get_api_version = _IO(ioctl_type, 0x00);
inline constexpr unsigned long create_vm = _IO(ioctl_type, 0x01);
inline constexpr unsigned long check_extension = _IO(ioctl_type, 0x03);
inline constexpr unsigned long get_vcpu_mmap_size = _IO(ioctl_type, 0x04);
inline constexpr unsigned long create_vcpu = _IO(ioctl_type, 0x41);
inline constexpr unsigned long set_user_memory_region = _IOW(ioctl_type, 0x46, MemoryRegion);
inline constexpr unsigned long request_irq_line = _IOW(ioctl_type, 0x61, IrqLevel);
inline constexpr unsigned long request_irqfd = _IOW(ioctl_type, 0x76, Irqfd);
inline constexpr unsigned long request_ioeventfd = _IOW(ioctl_type, 0x79, Ioeventfd);
inline constexpr unsigned long request_run = _IO(ioctl_type, 0x80);
inline constexpr unsigned long get_regs = _IOR(ioctl_type, 0x81, Regs);
inline constexpr unsigned long set_regs = _IOW(ioctl_type, 0x82, Regs);
inline constexpr unsigned long request_interrupt = _IOW(ioctl_type, 0x86, Interrupt);
inline constexpr unsigned long set_mp_state = _IOW(ioctl_type, 0x99, MpState);
inline constexpr unsigned long get_one_reg = _IOW(ioctl_type, 0xab, OneReg);
inline constexpr unsigned long set_one_reg = _IOW(ioctl_type, 0xac, OneReg);
inline constexpr unsigned long create_device = _IOWR(ioctl_type, 0xe0, CreateDevice);
inline constexpr unsigned long set_device_attr = _IOW(ioctl_type, 0xe1, DeviceAttr);
inline constexpr unsigned long get_device_attr = _IOW(ioctl_type, 0xe2, DeviceAttr);
inline constexpr unsigned long has_device_attr = _IOW(ioctl_type, 0xe3, DeviceAttr);

/// ioctl() until no signal interrupts it, for all but request_run: create_vm gives up for a pending
/// one, and for work that io_uring has for the thread.
template<class Argument>
int ask(int fd, unsigned long request, Argument argument) {
    for (;;) {
        const int result = ::ioctl(fd, request, argument);
        if (result >= 0 || errno != EINTR) return result;
    }
}

// Registers, KVM api KVM_SET_ONE_REG.
inline constexpr std::uint64_t reg_base = 0x9030'0000'0000'0000;
[[nodiscard]] constexpr std::uint64_t csr_reg(unsigned number) {
    return reg_base | 0x10000 | std::uint64_t{number} << 3;
}
[[nodiscard]] constexpr std::uint64_t cpucfg_reg(unsigned word) {
    return reg_base | 0x40000 | std::uint64_t{word} << 3;
}
inline constexpr std::uint64_t counter_reg = reg_base | 0x20001;
inline constexpr std::uint64_t vcpu_reset_reg = reg_base | 0x20002;

// Attributes.
inline constexpr std::uint32_t vm_feature_group = 0;
enum class VmFeature : std::uint64_t {
    lsx = 0,
    lasx = 1,
    x86bt = 2,
    armbt = 3,
    mipsbt = 4,
    pmu = 5,
    pv_ipi = 6,
    pv_stealtime = 7,
    ptw = 8,
    msgint = 9,
    pv_preempt = 10,
};
inline constexpr std::uint32_t vcpu_cpucfg_group = 0;
inline constexpr std::uint64_t cpucfg_pv_features = 0x40000004;

/// Paravirtual feature bits of CPUCFG index cpucfg_pv_features.
inline constexpr std::uint64_t pv_ipi = 1u << 1;
inline constexpr std::uint64_t pv_steal_time = 1u << 2;
inline constexpr std::uint64_t pv_preempt = 1u << 3;
inline constexpr std::uint64_t pv_virtual_eiointc = 1u << 24;

// In-kernel interrupt chips.
enum class Device : std::uint32_t { ipi = 12, eiointc = 13, pch_pic = 14 };
inline constexpr std::uint32_t eiointc_control_group = 0x40000004;
inline constexpr std::uint64_t eiointc_cpu_count = 0;
inline constexpr std::uint64_t eiointc_features_attribute = 1;
inline constexpr std::uint32_t eiointc_all_features = 0xf;  ///< of the virtual EIOINTC
inline constexpr std::uint32_t pch_pic_control_group = 0x40000006;
inline constexpr std::uint64_t pch_pic_base = 0;

// Capabilities.
enum class Capability : unsigned {
    user_memory = 3,
    mp_state = 14,
    irq_routing = 25,
    irqfd = 32,
    ioeventfd = 36,
    one_reg = 70,
    max_vcpus = 66,
    readonly_mem = 81,
    device_ctrl = 89,
    immediate_exit = 136,
};

}  // namespace lkvm::vmm::kvm
