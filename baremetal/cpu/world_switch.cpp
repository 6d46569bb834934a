// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/cpu/world_switch.hpp"

// SAVE4 holds the context while the guest runs, SAVE5 is scratch. GSTAT is CSR 0x50, PVM its bit 1.
asm(R"(
    .macro  guest_gprs op
    \op     $r1, $a0, 8
    \op     $r2, $a0, 16
    \op     $r3, $a0, 24
    \op     $r5, $a0, 40
    \op     $r6, $a0, 48
    \op     $r7, $a0, 56
    \op     $r8, $a0, 64
    \op     $r9, $a0, 72
    \op     $r10, $a0, 80
    \op     $r11, $a0, 88
    \op     $r12, $a0, 96
    \op     $r13, $a0, 104
    \op     $r14, $a0, 112
    \op     $r15, $a0, 120
    \op     $r16, $a0, 128
    \op     $r17, $a0, 136
    \op     $r18, $a0, 144
    \op     $r19, $a0, 152
    \op     $r20, $a0, 160
    \op     $r21, $a0, 168
    \op     $r22, $a0, 176
    \op     $r23, $a0, 184
    \op     $r24, $a0, 192
    \op     $r25, $a0, 200
    \op     $r26, $a0, 208
    \op     $r27, $a0, 216
    \op     $r28, $a0, 224
    \op     $r29, $a0, 232
    \op     $r30, $a0, 240
    \op     $r31, $a0, 248
    .endm
    .section .text.world_switch, "ax"
    .globl lkvm_enter_guest
lkvm_enter_guest:
    st.d    $sp, $a0, 264
    st.d    $ra, $a0, 272
    move    $t0, $a0
    csrwr   $t0, 0x34
    ld.d    $t0, $a0, 256
    csrwr   $t0, 0x6            # ERA
    ori     $t0, $zero, 4
    csrwr   $t0, 0x1            # PRMD: PIE, so that interrupts of the host end the guest
    ori     $t0, $zero, 2
    move    $t1, $t0
    csrxchg $t0, $t1, 0x50      # PVM
    guest_gprs ld.d
    ld.d    $a0, $a0, 32
    ertn

    .globl lkvm_sleep
lkvm_sleep:
    ori     $t0, $zero, 4
    move    $t1, $t0
    csrxchg $t0, $t1, 0x0       # CRMD: IE
    idle    0
slept:
    csrxchg $zero, $t1, 0x0
    jirl    $zero, $ra, 0

    # Every exception of this CPU. From the guest (PVM) it ends lkvm_enter_guest.
    .balign 4096
    .globl exit_vector
exit_vector:
    csrwr   $a0, 0x35
    csrrd   $a0, 0x50
    andi    $a0, $a0, 2
    beqz    $a0, 1f
    csrrd   $a0, 0x34
    guest_gprs st.d
    csrrd   $t0, 0x35
    st.d    $t0, $a0, 32
    csrrd   $t0, 0x6
    st.d    $t0, $a0, 256
    csrrd   $t0, 0x5
    st.d    $t0, $a0, 280
    csrrd   $t0, 0x7
    st.d    $t0, $a0, 288
    csrrd   $t0, 0x8
    st.d    $t0, $a0, 296
    ori     $t1, $zero, 2
    csrxchg $zero, $t1, 0x50
    ld.d    $sp, $a0, 264
    ld.d    $ra, $a0, 272
    jirl    $zero, $ra, 0
1:  # Of the hypervisor: an interrupt ends lkvm_sleep, which alone lets them in.
    csrrd   $a0, 0x5
    bstrpick.d $a0, $a0, 21, 16
    bnez    $a0, 2f
    csrwr   $zero, 0x1          # PRMD: interrupts off
    la.pcrel $a0, slept
    csrwr   $a0, 0x6
    csrrd   $a0, 0x35
    ertn
2:  # Our own fault: report where and stop.
    csrrd   $a0, 0x5
    csrrd   $a1, 0x6
    csrrd   $a2, 0x7
    bl      lkvm_zones_trap

    # Stage-2 refill: 3 levels of 2048 entries over 16 KiB pages.
    .balign 4096
    .globl refill_vector
refill_vector:
    csrwr   $t0, 0x8b
    csrrd   $t0, 0x1b
    lddir   $t0, $t0, 3
    lddir   $t0, $t0, 1
    ldpte   $t0, 0
    ldpte   $t0, 1
    tlbfill
    csrrd   $t0, 0x8b
    ertn
)");
