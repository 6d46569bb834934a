// SPDX-License-Identifier: GPL-2.0-or-later
// Where lkvm-zones starts: first instructions of the boot CPU, from firmware or by Linux's
// LoongArch boot protocol, and of the others. The ELF file and the raw image enter at the same
// place.

// Until relocation has run only pc-relative addresses are used.
asm(R"(
    .section .text.entry, "ax"
    # EFI: called by firmware (a0 image handle, a1 system table) where it loaded us, on its stack and
    # with its translation. Comes back only if this CPU is not for us.
    .globl efi_entry
efi_entry:
    addi.d  $sp, $sp, -32
    st.d    $ra, $sp, 0
    st.d    $a1, $sp, 8
    bl      relocate
    ld.d    $a1, $sp, 8
    bl      lkvm_zones_efi      # a0: EFI status, 0 when firmware has let go
    bnez    $a0, 1f
    ld.d    $a2, $sp, 8
    csrrd   $t0, 0x0            # interrupts off
    ori     $t1, $zero, 4
    andn    $t0, $t0, $t1
    csrwr   $t0, 0x0
    ori     $a0, $zero, 1
    move    $a1, $zero
    b       _start
1:  ld.d    $ra, $sp, 0
    addi.d  $sp, $sp, 32
    jirl    $zero, $ra, 0

    # Addresses in data, for where the image is seen now: it was linked at 0.
relocate:
    la.pcrel $t0, _rela_start
    la.pcrel $t1, _rela_end
    la.pcrel $t2, _head
4:  bgeu    $t0, $t1, 5f
    ld.d    $t3, $t0, 0
    ld.d    $t4, $t0, 16
    add.d   $t3, $t3, $t2
    add.d   $t4, $t4, $t2
    st.d    $t4, $t3, 0
    addi.d  $t0, $t0, 24
    b       4b
5:  jirl    $zero, $ra, 0

    .globl _start
_start:
    # Direct windows: 0x8... uncached, 0x9... cached, both for PLV 0.
    ori     $t0, $zero, 1
    lu52i.d $t0, $t0, -2048
    csrwr   $t0, 0x180
    ori     $t0, $zero, 0x11
    lu52i.d $t0, $t0, -1792
    csrwr   $t0, 0x181
    # Go on at the cached alias of where we are.
    la.pcrel $t0, start_mapped
    lu52i.d $t1, $zero, -1792
    slli.d  $t0, $t0, 16
    srli.d  $t0, $t0, 16
    or      $t0, $t0, $t1
    jirl    $zero, $t0, 0
start_mapped:
    ori     $t0, $zero, 0xb0
    csrwr   $t0, 0x0
    csrwr   $zero, 0x2
    csrwr   $zero, 0x4
    # .bss, once
    la.pcrel $t0, _bss_start
    la.pcrel $t1, _bss_end
2:  bgeu    $t0, $t1, 3f
    st.d    $zero, $t0, 0
    addi.d  $t0, $t0, 8
    b       2b
3:
    bl      relocate
    la.pcrel $sp, boot_stack_top
    move    $tp, $zero
    bl      lkvm_zones_main
6:  idle    0
    b       6b

    # Other CPUs: firmware jumps here (physical address). It may have cleared all mailboxes, so a
    # CPU finds its stack by its number.
    .globl secondary_start
secondary_start:
    ori     $t0, $zero, 1
    lu52i.d $t0, $t0, -2048
    csrwr   $t0, 0x180
    ori     $t0, $zero, 0x11
    lu52i.d $t0, $t0, -1792
    csrwr   $t0, 0x181
    la.pcrel $t0, secondary_mapped
    lu52i.d $t1, $zero, -1792
    slli.d  $t0, $t0, 16
    srli.d  $t0, $t0, 16
    or      $t0, $t0, $t1
    jirl    $zero, $t0, 0
secondary_mapped:
    ori     $t0, $zero, 0xb0
    csrwr   $t0, 0x0
    csrwr   $zero, 0x2
    csrwr   $zero, 0x4
    csrrd   $t0, 0x20
    andi    $t0, $t0, 0x1ff
    sltui   $t1, $t0, 64        # max_board_cpus
    beqz    $t1, 8f
    addi.d  $t0, $t0, 1
    slli.d  $t0, $t0, 14        # secondary_stack_size
    la.pcrel $sp, lkvm_zones_stacks
    add.d   $sp, $sp, $t0
    move    $tp, $zero
    bl      lkvm_zones_secondary
8:  idle    0
    b       8b

    .section .bss
    .balign 16
boot_stack:
    .space  65536
    .globl boot_stack_top
boot_stack_top:
)");
