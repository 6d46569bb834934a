# SPDX-License-Identifier: GPL-2.0-or-later
# For tests with a zone "villain" (zone/villain.cpp), number 1 behind the boss (zones.tcl): it does
# everything that a zone must not.

# Numbers of tests/guest/zone/villain.cpp and why the zone is parked.
set nothing {accesses an address where nothing is}
set no_code {runs where there is no memory}
set deadly [list \
    1 $nothing 2 $nothing 3 $no_code 4 $nothing 5 $nothing 6 $nothing 7 {accesses|writes} \
    8 $no_code 9 $no_code a {instruction that cannot} b {instruction that cannot} \
    c {instruction that cannot} e {register of the hypervisor} \
    f {register of the hypervisor} 10 {register of the hypervisor} 11 {register of the hypervisor} \
    14 {exception|no memory} 15 {exceptions in its exception handler} 16 {no memory} 1a $nothing]
# Loops, in the guest or through exits: every zone's right; stop ends them.
set endless {17 18 19 40 41}
# What an answer looks like; the rest only has to be survived.
set harmless {d {exception 8} 12 {exception [de]} 13 {exception [de]} 20 {answer 1}
    21 {answer -3} 22 {answer -2} 23 {answer -3} 24 {answer -4} 25 {answer -1} 26 {answer -1} 27 {answer -3} 28 {status [0-9a-f]+} 29 {} 2a {} 2b {} 2c {} 2d {} 2e {} 2f {}
    30 {} 31 {} 32 {} 33 {} 34 {}}

set misdeeds 0
# misdeed NUMBER PATTERN: has the villain, which has the focus, do it and waits for the pattern.
proc misdeed {number pattern {seconds 60}} {
    incr ::misdeeds
    send "$number."
    guest_expect "\\\[villain\\\] does $number\r*\n" 60
    guest_expect $pattern $seconds
}
# All of them; the villain is parked with a report or gets an error, and starts again.
proc do_misdeeds {} {
    global harmless deadly endless
    focus 1
    foreach {number answer} $harmless {
        if {$answer ne ""} { set answer "\\\[villain\\\] $answer\[^\n\]*\n.*" }
        misdeed $number "${answer}\\\[villain\\\] survived $number\r*\n"
    }
    foreach {number why} $deadly {
        misdeed $number "\\\[zones\\\] villain is parked: it \[^\n\]*($why)"
        guest_expect {\[zones\] villain +vCPU 0x0 pc 0x[0-9a-f]+.*a0 0x.* exit [a-z]+ pc}
        focus 0
        boss_says "lkvm list" {villain +parked} "misdeed $number does not show in the list"
        boss "lkvm start villain"
        focus 1
    }
    foreach number $endless {
        misdeed $number {}
        focus 0
        boss_says "lkvm stop villain; lkvm list" {villain +stopped} "loop $number is not stopped"
        boss "lkvm start villain"
        focus 1
    }
    focus 0
    check {$::misdeeds >= 40} "only $::misdeeds misdeeds"
}
# Its kernel's lines would come between those that `boss` waits for.
proc start_debian {zone} {
    send "lkvm start $zone\r"
    guest_expect "\\\[$zone\\\] \[^\n\]*Linux version" 60
}
# A Debian zone with a shell, which has the focus, panics on request, with the kernel's own default of
# what to do then: nothing.
proc panic_on_request {zone} {
    send "echo c >/proc/sysrq-trigger\r"
    guest_expect {Kernel panic - not syncing: sysrq triggered crash} 60
    guest_expect "\\\[zones\\\] $zone is parked: it hangs after a kernel panic" 60
    guest_expect "\\\[zones\\\] $zone +panic: sysrq triggered crash"
    guest_expect "\\\[zones\\\] $zone +vCPU 0x0 pc 0x\[0-9a-f\]+.*a0 0x.* exit \[a-z\]+ pc"
    focus 0
    boss_says "lkvm list" "$zone +parked.*hangs after a kernel panic" "the panic is not in the list"
    boss_says "lkvm log $zone | grep panic" {panic: sysrq triggered crash} "the panic is not in the log"
    start_debian $zone
}
