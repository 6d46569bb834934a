// SPDX-License-Identifier: GPL-2.0-or-later
// Interrupts of the measuring zone.

// CPU 0: the UART's line is up; no interrupt of it any more takes it down.
.balign 4096
.globl device_entry
device_entry:
    csrwr   $t0, 0x31
    csrwr   $t1, 0x32
    la.pcrel $t0, device_interrupts
    ld.d    $t1, $t0, 0
    addi.d  $t1, $t1, 1
    st.d    $t1, $t0, 0
    lu12i.w $t0, 0x1fe00
    ori     $t0, $t0, 0x1e1
    lu52i.d $t0, $t0, -2048
    st.b    $zero, $t0, 0
    csrrd   $t0, 0x31
    csrrd   $t1, 0x32
    ertn

// CPU 1: an IPI.
.balign 4096
.globl ipi_entry
ipi_entry:
    csrwr   $t0, 0x31
    csrwr   $t1, 0x32
    li.w    $t0, 0x100c
    li.w    $t1, -1
    iocsrwr.w $t1, $t0
    la.pcrel $t0, ipis
    ld.d    $t1, $t0, 0
    addi.d  $t1, $t1, 1
    st.d    $t1, $t0, 0
    csrrd   $t0, 0x31
    csrrd   $t1, 0x32
    ertn
