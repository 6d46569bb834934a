# SPDX-License-Identifier: GPL-2.0-or-later
# Zones on the software board, and their shells through the one console.
#
#   zones_start zones board...    packs what `zones` (options of lkvm pack) says and starts the board
#                                 with these options of lkvm run
#   zone_shell number name        gives zone `number` the console and waits for its shell
#   zone_run command ?seconds?    runs a command in the shell of the zone that has the console;
#                                 returns its output, its status is in ::zone_status
#   zone_ok command ?seconds?     the same, for a command that must succeed
source [file dirname [info script]]/guest.exp

set zones_image $build/baremetal/lkvm-zones.elf
if {![file exists $zones_image]} { skip "no $zones_image (make baremetal)" }
set scratch [expr {[info exists env(LKVM_SCRATCH)] ? $env(LKVM_SCRATCH) : $build}]
set zones_bundle $scratch/[file rootname [file tail $::argv0]]-bundle.img

proc zones_start {zones args} {
    global lkvm zones_image zones_bundle
    exec $lkvm pack -o $zones_bundle {*}$zones
    guest_start_raw --lvz -k $zones_image -i $zones_bundle {*}$args
}
proc zone_shell {number name {seconds 150}} {
    global zone_name
    set zone_name $name
    send "\x1d$number"
    guest_expect "console goes to zone 0x$number"
    # The prompt may have come before, and the first key may be lost to a console that opens.
    for {set tries 0} {$tries < $seconds} {incr tries 2} {
        send "\r"
        if {[zone_sees "\\\[$name\\\] ~ # " 2]} return
    }
    fail "no shell in $name within $seconds s"
}
proc zone_sees {pattern seconds} {
    global spawn_id transcript
    expect {
        -timeout $seconds
        -re $pattern { append transcript $expect_out(buffer); return 1 }
        timeout { return 0 }
        eof { fail "lkvm ended before '$pattern'" }
    }
}
set zone_marker 0
proc zone_run {command {seconds 60}} {
    global zone_marker zone_name transcript spawn_id
    incr zone_marker
    # As guest_run does.
    send -- "echo 4 >/proc/sys/kernel/printk; echo \"be\"gin-$zone_marker; $command; echo \"en\"d-of-$zone_marker:\$?\r"
    expect {
        -timeout $seconds
        -re "begin-$zone_marker\r*\n(.*?)end-of-$zone_marker:(\[0-9\]+)\r*\n" {
            set output $expect_out(1,string)
            set ::zone_status $expect_out(2,string)
            append transcript $expect_out(buffer)
        }
        timeout { fail "'$command' did not end within $seconds s" }
        eof { fail "lkvm ended during '$command'" }
    }
    set lines {}
    foreach line [split [string map {\r ""} $output] \n] {
        # Other zones' lines come in between, and the kernel's.
        if {[regexp "^\\\[$zone_name\\\] (.*)" $line - rest] && ![regexp {^\[ *[0-9]+\.} $rest]} {
            lappend lines $rest
        }
    }
    return [string trim [join $lines \n]]
}
proc zone_ok {command {seconds 60}} {
    set output [zone_run $command $seconds]
    check_equal $::zone_status 0 "status of '$command' ($output)"
    return $output
}
# No kernel complaints in the zone that has the console.
proc zone_check_dmesg {} {
    set bad {I/O error|BUG:|Oops|WARNING:|stall|Call Trace}
    check_equal [zone_run "dmesg | grep -cE '$bad'"] 0 \
        "complaints: [zone_run "dmesg | grep -E '$bad' | head -n 5"]"
}
