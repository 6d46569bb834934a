# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's own tests of KVM. What each is expected to do stands in docs/kvm-selftests.md.
# Source guest.exp and kvm.tcl first.

set kvm_selftests_table \
    [file normalize [file join [file dirname [info script]] ../../docs/kvm-selftests.md]]

# Rows of the table: name, options, result (pass, skip or fail).
proc kvm_selftests_expected {} {
    global kvm_selftests_table
    set rows {}
    set f [open $kvm_selftests_table]
    while {[gets $f line] >= 0} {
        if {[regexp {^\| `([a-z_]+)( [^`]*)?` \| (pass|skip|fail) \|} $line -> name options result]} {
            lappend rows [list $name [string trim $options] $result]
        }
    }
    close $f
    return $rows
}

# Runs those whose names are in `only`, or all; they do what is expected of them or the test fails.
proc kvm_selftests_run {{only {}}} {
    global assets
    set left [kvm_selftests_expected]
    check {[llength $left] == 15} "docs/kvm-selftests.md lists [llength $left] tests"
    kvm_host_start 2 $assets/kvm-selftests.img 4G
    set names [guest_run {cd /kvm-selftests && echo *}]
    set different {}
    foreach row $left {
        lassign $row name options wanted
        if {[lsearch -exact $names $name] < 0} { lappend different "$name: not built"; continue }
        if {[llength $only] && [lsearch -exact $only $name] < 0} continue
        set started [clock seconds]
        guest_run "timeout 1200 /kvm-selftests/$name $options >/tmp/log 2>&1" 1300
        set got [expr {$::guest_status == 0 ? "pass" : $::guest_status == 4 ? "skip" : "fail"}]
        send_user "$name: $got ([expr {[clock seconds] - $started}] s)\n"
        if {$got ne $wanted} {
            lappend different "$name: $got (status $::guest_status), expected $wanted"
            send_user "[guest_run {tail -n 12 /tmp/log}]\n"
        }
    }
    check_equal [join $different "; "] "" "selftests"
    kvm_host_end
}
