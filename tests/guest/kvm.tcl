# SPDX-License-Identifier: GPL-2.0-or-later
# Guests under the kernel's KVM, inside `lkvm run --lvz`. Source guest.exp first.

# Boots the outer guest, a stock Debian kernel with /dev/kvm, to its prompt; with more options of
# lkvm, if given.
proc kvm_host_start {cpus {image ""} {memory 1G} args} {
    global initrd assets
    if {$image eq ""} { set image $assets/kvm.img }
    if {![file exists $image]} { skip "no $image (make kvm-assets)" }
    set initrd $image
    guest_start --lvz -m $memory@0x90000000 -c $cpus {*}$args
    guest_prompt
    check_equal [guest_run {test -c /dev/kvm && echo there}] there "/dev/kvm"
}

# Boots an inner guest with these options to its prompt. Both prompts look the same: the inner
# guest's banner comes in between.
proc kvm_guest_start {options} {
    send -- "lkvm run --accel kvm -k /guest/vmlinuz -i /guest/initrd.img $options; echo \"lkvm\"-ended:\$?\r"
    guest_expect {vCPUs run under the kernel's KVM} 60
    guest_expect {Linux version} 120
    guest_prompt
}

# Boots the outer guest with Debian's root file system as a disk, which guests can have too, and a web
# server for them, on the interface that lkvm makes for -n mode=tap,ifname=lkvm0. Pages: /file, 8 MB;
# /cgi-bin/run?COMMAND runs a command, its words separated by +.
proc kvm_devices_start {cpus {memory 1280M}} {
    global assets
    set rootfs $assets/rootfs.img
    if {![file exists $rootfs]} { skip "no $rootfs (make rootfs)" }
    kvm_host_start $cpus "" $memory -d $rootfs,ro
    guest_run {modprobe tun; mkdir -p /tmp/www/cgi-bin; head -c 8000000 /dev/urandom >/tmp/www/file}
    guest_run {printf '%s\n' '#!/bin/sh' 'printf "Content-Type: text/plain\r\n\r\n"' \
        'eval "$(echo "$QUERY_STRING" | tr + " ")"' >/tmp/www/cgi-bin/run; chmod 755 /tmp/www/cgi-bin/run}
    guest_run {httpd -h /tmp/www -p 80}
    guest_run {(until ip link set lkvm0 up 2>/dev/null; do usleep 100000; done
        ip addr add 192.168.77.1/24 dev lkvm0) & echo $! >/dev/null}
    return [lindex [guest_run {md5sum /tmp/www/file}] 0]
}

# Boots an inner guest from that disk, with an empty disk, a network interface and a balloon.
proc kvm_devices_guest {options} {
    guest_run {truncate -s 64M /tmp/scratch}
    send -- "lkvm run --accel kvm -k /guest/vmlinuz -i /guest/initrd.img -d /dev/vda,ro\
        -d /tmp/scratch -n mode=tap,ifname=lkvm0 --balloon --name inner\
        -p 'root=/dev/vda ro' $options; echo \"lkvm\"-ended:\$?\r"
    guest_expect {vCPUs run under the kernel's KVM} 60
    guest_expect {bash-[0-9.]+# } 240
    send -- "cd /tmp; PS1='~ # ' exec sh\r"
    guest_prompt
    guest_run {ip link set eth0 up; ip addr add 192.168.77.2/24 dev eth0}
    check_equal $::guest_status 0 "network interface"
}
proc run_ok {command {seconds 120}} {
    set output [guest_run $command $seconds]
    check_equal $::guest_status 0 "status of '$command' ($output)"
    return $output
}
# What a command says that the outer guest runs.
proc kvm_ask_host {command} {
    return [run_ok "wget -q -O - 'http://192.168.77.1/cgi-bin/run?[string map {{ } +} $command]'"]
}

# Powers the inner guest off; checks lkvm's exit code inside.
proc kvm_guest_end {} {
    send "poweroff\r"
    guest_expect {Power down} 60
    kvm_check_exit
}
proc kvm_check_exit {} {
    check_equal [string trim [guest_expect {lkvm-ended:[0-9]+\s} 60]] lkvm-ended:0 \
        "exit code of lkvm under KVM"
    guest_prompt
}

# Ends the outer guest; its kernel must not have complained.
proc kvm_host_end {} {
    set log [guest_run {dmesg | grep -ciE 'BUG:|Oops|WARNING:|UBSAN|Call Trace|soft lockup|stall'}]
    check_equal $log 0 "complaints of the kernel that runs KVM"
    send "poweroff\r"
    check_equal [guest_exit] 0 "exit code"
}

# Starts a guest in the background that runs a command and powers off; its console goes to
# /tmp/NAME. The command must not contain double quotes.
proc kvm_guest_background {name options command} {
    guest_run "lkvm run --accel kvm -k /guest/vmlinuz -i /guest/initrd.img $options\
        -p 'lkvm.run=\"$command\"' </dev/null >/tmp/$name 2>&1 & echo \$! >/tmp/$name.pid"
}

# Waits in the outer guest until the file holds the text.
proc kvm_wait_for {text file {seconds 120}} {
    guest_run "until grep -q '$text' $file; do usleep 200000; done" $seconds
}

# Percent of one CPU that an idle guest takes over so many seconds: as the kernel that runs KVM
# counts it, and as the machine does that runs all of it.
proc kvm_idle_shares {name seconds} {
    set outer_cpu "awk '{ print \$14 + \$15 }' /proc/\$(cat /tmp/$name.pid)/stat"
    set before [list [guest_run $outer_cpu] [process_cpu_seconds]]
    guest_run "sleep $seconds" [expr {$seconds + 60}]
    set after [list [guest_run $outer_cpu] [process_cpu_seconds]]
    return [list [expr {([lindex $after 0] - [lindex $before 0]) / double($seconds)}] \
        [expr {([lindex $after 1] - [lindex $before 1]) * 100 / $seconds}]]
}

# CPU time of the spawned lkvm so far.
proc process_cpu_seconds {} {
    set f [open /proc/[exp_pid]/stat]
    set words [regsub {^.*\) } [read $f] ""]
    close $f
    return [expr {([lindex $words 11] + [lindex $words 12]) / 100.0}]
}

# An idle guest costs little, and sleep lasts as long as it should while every CPU of the host is
# busy twice over: the timer is saved and restored whenever the vCPU loses its CPU.
proc kvm_time_test {idle_seconds} {
    kvm_host_start 2
    kvm_guest_background idle {-m 256@0x90000000 -c 2} {echo idles; sleep 1000}
    kvm_wait_for {^idles} /tmp/idle
    guest_run {sleep 3}
    lassign [kvm_idle_shares idle $idle_seconds] host machine
    send_user "an idle guest takes [format %.1f $host] % of a CPU of the host; both kernels together\
        [format %.1f $machine] % of one of the machine's\n"
    check {$host < 5} "an idle guest takes $host % of a CPU"
    guest_run {kill $(cat /tmp/idle.pid); for i in 1 2 3 4; do (while :; do :; done) & done}
    kvm_guest_start {-m 256@0x90000000 -c 1}
    set started [clock milliseconds]
    # Nothing but the sleep is between the two looks at the clock: starting programs takes its time here.
    guest_run {mkfifo /tmp/f; exec 3<>/tmp/f}
    set said [guest_run {read a c </proc/uptime; read -t 10 x <&3; read b c </proc/uptime; echo $a $b} 120]
    set outside [expr {([clock milliseconds] - $started) / 1000.0}]
    set inside [expr {[lindex $said 1] - [lindex $said 0]}]
    send_user "10 s: [format %.2f $inside] s in the guest, [format %.2f $outside] s outside\n"
    check {$inside > 9.7 && $inside < 10.3} "10 s took $inside s in the guest"
    check {$outside > 9.7 && $outside < 30} "10 s took $outside s for the console"
    kvm_guest_end
    guest_run {kill %1 %2 %3 %4 2>/dev/null; kill $(jobs -p)}
    kvm_host_end
}

# Checksums of calculations in all registers, in the outer guest and two inner ones at once, each
# with three processes on one or two CPUs: all are as of one that was alone.
proc kvm_vectors_test {rounds} {
    kvm_host_start 2
    set sums "(vector-sum fp $rounds & vector-sum lsx $rounds & vector-sum lasx $rounds; wait) | sort"
    set alone {}
    foreach mode {fp lasx lsx} { lappend alone [guest_run "vector-sum $mode $rounds" 600] }
    set alone [join $alone \n]
    kvm_guest_background one {-m 256@0x90000000 -c 1} $sums
    kvm_guest_background two {-m 256@0x90000000 -c 2} "echo runs; $sums"
    guest_run {until grep -q 'Run /init' /tmp/one && grep -q 'Run /init' /tmp/two; do usleep 200000; done} 300
    set started [clock seconds]
    check_equal [guest_run $sums 1200] $alone "checksums in the host"
    foreach name {one two} {
        kvm_wait_for {exit status} /tmp/$name 1200
        check_equal [guest_run "grep -E '^(fp|lsx|lasx) ' /tmp/$name"] $alone "checksums in guest $name"
    }
    send_user "nine processes took [expr {[clock seconds] - $started}] s\n"
    guest_run {wait} 120
    kvm_host_end
}

# Mixed work in a guest with two vCPUs for so many seconds: nothing fails in it, and neither kernel
# complains.
proc kvm_mixed_test {seconds} {
    set sum [kvm_devices_start 2 1536M]
    guest_run {cp /lib/tests/kvm_mixed.sh /tmp/www/}
    kvm_devices_guest {-m 640@0x90000000 -c 2}
    run_ok {wget -q http://192.168.77.1/kvm_mixed.sh}
    set done [run_ok "sh kvm_mixed.sh $seconds http://192.168.77.1/file $sum" [expr {2 * $seconds + 300}]]
    send_user "times done: [split $done \n]\n"
    foreach work {compile disk network} {
        check {[regexp "$work \[1-9\]" $done]} "$work: $done"
    }
    check_equal [run_ok {dmesg | grep -E 'I/O error|BUG:|Oops|WARNING:|stall|Call Trace|UBSAN'; true}] "" \
        "complaints of the guest"
    kvm_guest_end
    kvm_host_end
}
