# SPDX-License-Identifier: GPL-2.0-or-later
# A guest whose root file system is the Debian disk image, read-only and so shared by all tests.
source [file dirname [info script]]/guest.exp

set rootfs $assets/rootfs.img
if {![file exists $rootfs]} { skip "no $rootfs ('make rootfs' makes it)" }
set scratch [expr {[info exists env(LKVM_SCRATCH)] ? $env(LKVM_SCRATCH) : $build}]

# rootfs_start ?lkvm options...?: /dev/vda is the root, the disks of the options come after it.
proc rootfs_start {args} {
    global rootfs
    set memory {-m 1024}
    if {[lsearch -exact $args -m] >= 0} { set memory {} }
    set network {-n mode=none}
    if {[lsearch -exact $args -n] >= 0} { set network {} }
    guest_start {*}$memory {*}$network -d $rootfs,ro -p "root=/dev/vda ro" {*}$args
    guest_expect {bash-[0-9.]+# } 240
    # A shell without line editing of its own.
    send -- "cd /tmp; PS1='~ # ' exec sh\r"
    guest_prompt
}
# new_disk name megabytes: an empty image of its own for this test
proc new_disk {name megabytes} {
    global scratch
    set path $scratch/[file rootname [file tail $::argv0]]-$name.img
    file delete $path
    exec truncate -s ${megabytes}M $path
    return $path
}
proc run_ok {command {seconds 120}} {
    set output [guest_run $command $seconds]
    check_equal $::guest_status 0 "status of '$command' ($output)"
    return $output
}
# Kilobytes that the host really keeps for a file.
proc used_kilobytes {path} { return [lindex [exec du -k $path] 0] }
# No kernel complaints.
proc check_dmesg {} {
    set complaints {I/O error|BUG:|Oops|WARNING:|stalls|lockup|EXT4-fs error|timeout|timed out}
    check_equal [guest_run "dmesg | grep -E '$complaints' | head -n 5"] "" "complaints in dmesg"
}
