// SPDX-License-Identifier: GPL-2.0-or-later
// Start, exception entries and small pieces of code of the bare-metal test programs. Entered with
// translation off, at the physical address of _start; goes on behind direct-mapped windows:
// 0x8000... uncached, 0x9000... cached, the latter open to PLV 3 too.

.equ CRMD, 0x0
.equ PRMD, 0x1
.equ ECFG, 0x4
.equ ESTAT, 0x5
.equ ERA, 0x6
.equ BADV, 0x7
.equ BADI, 0x8
.equ EENTRY, 0xc
.equ TLBEHI, 0x11
.equ CPUID, 0x20
.equ SAVE0, 0x30
.equ TLBRENTRY, 0x88
.equ TLBRBADV, 0x89
.equ TLBRERA, 0x8a
.equ TLBRSAVE, 0x8b
.equ TLBREHI, 0x8e
.equ TLBRPRMD, 0x8f
.equ MERRENTRY, 0x93
.equ DMW0, 0x180
.equ DMW1, 0x181
.equ CRMD_PAGING, 0xb0          // PG, memory types cached, PLV 0, no interrupts

.macro function name
    .globl \name
    .align 2
\name:
.endm

// To where the program is linked, and translation on. The jump comes first: with translation the
// physical address would not be mapped.
.macro enter_windows
    li.d    $t0, 0x8000000000000001
    csrwr   $t0, DMW0
    li.d    $t0, 0x9000000000000019
    csrwr   $t0, DMW1
    la.abs  $t0, 1f
    jr      $t0
1:  li.w    $t0, CRMD_PAGING
    csrwr   $t0, CRMD
.endm

.section .start, "ax"
function _start
    enter_windows
    la.pcrel $t0, bss_start
    la.pcrel $t1, bss_end
2:  bgeu    $t0, $t1, 3f
    st.d    $zero, $t0, 0
    addi.d  $t0, $t0, 8
    b       2b
3:  la.pcrel $t0, boot_arguments
    st.d    $a0, $t0, 0
    st.d    $a1, $t0, 8
    st.d    $a2, $t0, 16
    la.pcrel $sp, stack_top
    bl      set_entries
    bl      program
    b       power_off

// Secondary CPUs: on a stack of their own to the function in secondary_program.
function secondary_start
    enter_windows
    la.pcrel $sp, secondary_stack_top
    bl      set_entries
    la.pcrel $t0, secondary_program
    ld.d    $t0, $t0, 0
    jirl    $ra, $t0, 0
4:  idle    0
    b       4b

function set_entries
    la.pcrel $t0, general_entry
    csrwr   $t0, EENTRY
    la.pcrel $t0, refill_entry
    bstrpick.d $t0, $t0, 47, 0
    csrwr   $t0, TLBRENTRY
    la.pcrel $t0, machine_error_entry
    bstrpick.d $t0, $t0, 47, 0
    csrwr   $t0, MERRENTRY
    ret

function power_off
    li.d    $t0, 0x80000000100e001c
    li.w    $t1, 0x34
    st.b    $t1, $t0, 0
    b       power_off

.text
// int probe(void (*f)(long), long argument): calls f; 0 if it came back, 1 after an exception,
// which then stands in trap_state.
function probe
    la.pcrel $t0, jump_buffer
    st.d    $ra, $t0, 0
    st.d    $sp, $t0, 8
    st.d    $fp, $t0, 16
    st.d    $s0, $t0, 24
    st.d    $s1, $t0, 32
    st.d    $s2, $t0, 40
    st.d    $s3, $t0, 48
    st.d    $s4, $t0, 56
    st.d    $s5, $t0, 64
    st.d    $s6, $t0, 72
    st.d    $s7, $t0, 80
    st.d    $s8, $t0, 88
    move    $t1, $a0
    move    $a0, $a1
    jirl    $ra, $t1, 0
    move    $a0, $zero
back:
    la.pcrel $t0, jump_buffer
    ld.d    $ra, $t0, 0
    ld.d    $sp, $t0, 8
    ld.d    $fp, $t0, 16
    ld.d    $s0, $t0, 24
    ld.d    $s1, $t0, 32
    ld.d    $s2, $t0, 40
    ld.d    $s3, $t0, 48
    ld.d    $s4, $t0, 56
    ld.d    $s5, $t0, 64
    ld.d    $s6, $t0, 72
    ld.d    $s7, $t0, 80
    ld.d    $s8, $t0, 88
    ret

// void at_level_3(long f): for probe(); f runs at PLV 3 with argument user_argument.
function at_level_3
    csrwr   $a0, ERA
    li.w    $t0, 3
    csrwr   $t0, PRMD
    la.pcrel $t0, user_argument
    ld.d    $a0, $t0, 0
    ertn

// Notes what the registers say; `kind` is 1 for the general entry, 2 refill, 3 machine error.
.macro note kind
    la.pcrel $t0, trap_state
    li.w    $t1, \kind
    st.d    $t1, $t0, 0
    csrrd   $t1, ESTAT
    st.d    $t1, $t0, 8
    csrrd   $t1, ERA
    st.d    $t1, $t0, 16
    csrrd   $t1, BADV
    st.d    $t1, $t0, 24
    csrrd   $t1, BADI
    st.d    $t1, $t0, 32
    csrrd   $t1, PRMD
    st.d    $t1, $t0, 40
    csrrd   $t1, CRMD
    st.d    $t1, $t0, 48
    csrrd   $t1, TLBEHI
    st.d    $t1, $t0, 56
    csrrd   $t1, TLBRBADV
    st.d    $t1, $t0, 64
    csrrd   $t1, TLBRERA
    st.d    $t1, $t0, 72
    csrrd   $t1, TLBREHI
    st.d    $t1, $t0, 80
    csrrd   $t1, TLBRPRMD
    st.d    $t1, $t0, 88
.endm

.align 12
function general_entry
    csrwr   $a0, SAVE0
    note    1
    li.w    $a0, 1
    b       back

// Entries 32 bytes apart (ECFG.VS = 3): each notes its number.
.align 12
function vector_table
.rept 128
    pcaddi  $t0, 0
    la.pcrel $t1, vector_taken
    st.d    $t0, $t1, 0
    b       general_entry
    nop
    nop
    nop
.endr

// Refill, with translation off. While page_tables is 0 it is noted like other exceptions, otherwise
// the tables are walked as Linux does.
.align 12
function refill_entry
    csrwr   $t0, TLBRSAVE
    la.pcrel $t0, page_tables
    ld.d    $t0, $t0, 0
    beqz    $t0, 5f
    csrrd   $t0, 0x1b           // PGD
    lddir   $t0, $t0, 3
    lddir   $t0, $t0, 1
    ldpte   $t0, 0
    ldpte   $t0, 1
    tlbfill
    csrrd   $t0, TLBRSAVE
    ertn
5:  note    2
    la.abs  $t0, 6f
    ori     $t0, $t0, 1
    csrwr   $t0, TLBRERA
    csrwr   $zero, TLBRPRMD
    ertn
6:  li.w    $a0, 1
    b       back

.align 12
function machine_error_entry
    note    3
    la.abs  $t0, back
    li.w    $a0, 1
    jr      $t0

// Pieces of code for probe(); the first instruction is the one that counts.
function do_syscall
    syscall 0x123
    ret
function do_break
    break   0x7
    ret
function do_undefined
    .word   0xffffffff
    ret
function do_csrrd
    csrrd   $t0, SAVE0
    ret
function do_csrwr
    csrwr   $t0, SAVE0 + 1
    ret
function do_set_misc
    csrwr   $a0, 0x3
    ret
function do_tlbsrch
    tlbsrch
    ret
function do_tlbfill
    tlbfill
    ret
function do_ertn
    ertn
function do_idle
    idle    0
    ret
function do_iocsrrd
    iocsrrd.w $t0, $zero
    ret
function do_iocsrwr
    iocsrwr.w $t0, $zero
    ret
function do_cacop_index
    cacop   0, $a0, 0
    syscall 1
function do_cacop_hit
    cacop   16, $a0, 0
    syscall 1
function do_invtlb_0
    invtlb  0, $zero, $zero
    ret
function do_invtlb_7
    invtlb  7, $zero, $zero
    ret
function do_invtlb_31
    invtlb  31, $zero, $zero
    ret
function do_lddir
    lddir   $t0, $a0, 1
    ret
function do_ldpte
    ldpte   $a0, 0
    ret
function do_rdtime
    rdtime.d $t0, $t1
    syscall 1
function do_rdtimel
    rdtimel.w $t0, $t1
    syscall 1
function do_cpucfg
    cpucfg  $t0, $zero
    syscall 1
function do_fadd
    fadd.d  $fa0, $fa0, $fa0
    ret
function do_fld
    fld.d   $fa0, $a0, 0
    ret
function do_movgr2fr
    movgr2fr.d $fa0, $zero
    ret
function do_movfcsr2gr
    movfcsr2gr $t0, $fcsr0
    ret
function do_bceqz
    bceqz   $fcc0, 7f
7:  ret
function do_fcvt
    fcvt.s.d $fa0, $fa1
    ret
function do_vadd
    vadd.b  $vr0, $vr0, $vr0
    ret
function do_vld
    vld     $vr0, $a0, 0
    ret
function do_xvadd
    xvadd.b $xr0, $xr0, $xr0
    ret
function do_xvld
    xvld    $xr0, $a0, 0
    ret
function do_ld_d
    ld.d    $t0, $a0, 0
    ret
function do_ld_h
    ld.h    $t0, $a0, 0
    ret
function do_ld_b
    ld.b    $t0, $a0, 0
    ret
function do_ldx_d
    ldx.d   $t0, $a0, $zero
    ret
function do_st_d
    st.d    $zero, $a0, 0
    ret
function do_st_b
    st.b    $zero, $a0, 0
    ret
function do_ldptr
    ldptr.d $t0, $a0, 0
    ret
function do_preld
    preld   0, $a0, 0
    ret
function do_ll_w
    ll.w    $t0, $a0, 0
    ret
function do_sc_d
    sc.d    $t0, $a0, 0
    ret
function do_amadd
    amadd.d $t0, $zero, $a0
    ret
function do_jump
    jirl    $zero, $a0, 0
function do_ldgt
    ldgt.d  $t0, $a0, $a0
    ret
function do_asrtgt
    asrtgt.d $zero, $a0
    ret
function do_stle
    li.w    $t1, 8
    stle.d  $zero, $a0, $t1
    ret
function do_divide
    movgr2fr.d $fa0, $zero
    ffint.d.l $fa0, $fa0
    li.w    $t0, 1
    movgr2fr.d $fa1, $t0
    ffint.d.l $fa1, $fa1
    fdiv.d  $fa2, $fa1, $fa0
    ret
function do_vdivide
    vldi    $vr0, 0
    vldi    $vr1, -912          // 1.0 in both lanes
    vfdiv.d $vr2, $vr1, $vr0
    ret
// At PLV 3 on purpose: comes back by the exception.
function user_ld_d
    ld.d    $t0, $a0, 0
    syscall 2
function user_st_d
    st.d    $zero, $a0, 0
    syscall 2
function user_jump
    jirl    $zero, $a0, 0
function user_nothing
    syscall 2
// Copied to where a test wants to fetch from.
function piece_return
    ret

// int idle_once(void): waits for an interrupt with interrupts off in CRMD.
function idle_once
    idle    0
    ret
// void wait_interrupt(long): for probe(), with interrupts on.
function wait_interrupt
    csrxchg $a0, $a0, CRMD
8:  idle    0
    b       8b
// void spin_interrupt(long): the same, busy.
function spin_interrupt
    csrxchg $a0, $a0, CRMD
9:  b       9b

// void user_interrupt(long): for probe(), busy at PLV 3 with interrupts on.
function user_interrupt
    la.pcrel $t0, 11f
    csrwr   $t0, ERA
    li.w    $t0, 7
    csrwr   $t0, PRMD
    ertn
11: b       11b

// Linked loads. long ll_sc(long *): 1 if the store was done.
function ll_sc
    ll.d    $t0, $a0, 0
    addi.d  $t0, $t0, 1
    sc.d    $t0, $a0, 0
    move    $a0, $t0
    ret
// With an ertn in between; a1: written to LLBCTL before.
function ll_ertn_sc
    csrwr   $a1, 0x60
    la.pcrel $t1, 10f
    csrwr   $t1, ERA
    csrwr   $zero, PRMD
    ll.d    $t0, $a0, 0
    ertn
10: csrrd   $t2, 0x60
    addi.d  $t0, $t0, 1
    sc.d    $t0, $a0, 0
    move    $a0, $t0
    slli.d  $t2, $t2, 8
    or      $a0, $a0, $t2
    ret
// With LLBCTL = a1 in between.
function ll_write_sc
    ll.d    $t0, $a0, 0
    csrwr   $a1, 0x60
    csrrd   $t2, 0x60
    addi.d  $t0, $t0, 1
    sc.d    $t0, $a0, 0
    move    $a0, $t0
    slli.d  $t2, $t2, 8
    or      $a0, $a0, $t2
    ret

.bss
.align 4
.globl trap_state, vector_taken, page_tables, user_argument, secondary_program, boot_arguments
trap_state: .space 96
vector_taken: .space 8
page_tables: .space 8
user_argument: .space 8
secondary_program: .space 8
boot_arguments: .space 24
jump_buffer: .space 96
.align 4
    .space 16384
stack_top:
    .space 16384
secondary_stack_top:
