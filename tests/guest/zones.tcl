# SPDX-License-Identifier: GPL-2.0-or-later
# For tests with a control zone: the first zone of the board, named boss.
set image $build/baremetal/lkvm-zones.elf
set control_initrd $assets/zones.img
foreach file [list $image $build/baremetal/villain.elf $build/baremetal/heartbeat.elf \
        $control_initrd] {
    if {![file exists $file]} { skip "no $file (make baremetal zones-assets)" }
}
set zones [exec mktemp]

# What is typed goes to the zone of that number.
proc focus {zone} {
    send "\x1d$zone"
    guest_expect "console goes to zone 0x$zone"
}
# Runs a command in the boss's shell, which has the focus; returns the output of all zones.
proc boss {command {seconds 60}} {
    send -- "$command\r"
    guest_expect {\n.*?\[boss\] ~ # } $seconds
}
proc boss_says {command pattern why {seconds 60}} {
    if {![regexp $pattern [boss $command $seconds]]} { fail $why }
}
# End of the test.
proc end_board {} {
    send "\x01x"
    guest_exit
    file delete $::zones
}
