# SPDX-License-Identifier: GPL-2.0-or-later
# What cpus_*.exp share.
source [file dirname [info script]]/guest.exp

proc smp_test {cpus} {
    guest_start -c $cpus
    guest_prompt
    check_equal [guest_run nproc] $cpus "nproc"
    check_equal [guest_run {grep -c ^processor /proc/cpuinfo}] $cpus "/proc/cpuinfo"
    if {$cpus > 1} {
        # Function calls reach every CPU: each counts interrupts of its own.
        guest_run {i=0; while [ $i -lt 20 ]; do taskset -c $((i % 2)) true; i=$((i + 1)); done}
        set row [guest_run {grep -E '^ *IPI' /proc/interrupts}]
        check {$row ne ""} "no IPI rows in /proc/interrupts"
        set total 0
        foreach word $row { if {[string is integer -strict $word]} { incr total $word } }
        check {$total > 0} "no IPI was counted: $row"
        # Off and on again.
        set last [expr {$cpus - 1}]
        guest_run "echo 0 >/sys/devices/system/cpu/cpu$last/online"
        check_equal $::guest_status 0 "unplugging CPU $last"
        check_equal [guest_run nproc] [expr {$cpus - 1}] "nproc after unplug"
        guest_run "echo 1 >/sys/devices/system/cpu/cpu$last/online"
        check_equal [guest_run nproc] $cpus "nproc after plug"
        check_equal [guest_run "taskset -c $last sh -c 'echo on'"] on "program on CPU $last"
    }
    check_equal [guest_run {dmesg | grep -ciE 'BUG:|Oops|WARNING:|soft lockup|rcu.*stall'}] 0 \
        "kernel complaints"
    send "poweroff\r"
    check_equal [guest_exit] 0 "exit code"
}
