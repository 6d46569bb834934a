# SPDX-License-Identifier: GPL-2.0-or-later
# Test programs of tests/guest/programs, on both sides, and a folder that goes when the test ends.
# Source guest.exp first.

set programs [file dirname [file normalize [info script]]]/programs
# Short, as names of unix sockets are.
set folder [exec mktemp -d /tmp/lkvm-XXXXXX]
rename exit programs_exit
proc exit {{code 0}} {
    global folder
    catch {exec chmod -R u+rwX $folder}
    file delete -force $folder
    programs_exit $code
}

# build_program name: $folder/bin/NAME for this machine and $folder/bin/NAME.guest
proc build_program {name} {
    global build folder programs
    set sysroot $build/sysroot-loong64
    if {![file exists $sysroot]} { skip "no $sysroot ('make sysroot' makes it)" }
    file mkdir $folder/bin
    exec $programs/build.sh $programs/$name.cpp $folder/bin $sysroot 2>@1
    return $folder/bin/$name
}
proc mount_9p {tag where {options ""}} {
    guest_run "mkdir -p $where; mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144$options $tag $where"
    return $::guest_status
}
# background command...: a program of this machine; its output waits in the returned channel.
proc background {args} {
    return [open "|[list {*}$args 2>@1]" r]
}
# finish channel: the program's output, when it has ended; it must have succeeded.
proc finish {channel} {
    set output [read $channel]
    if {[catch {close $channel} why]} { fail "$output ($why)" }
    return [string trim $output]
}
