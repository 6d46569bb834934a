# SPDX-License-Identifier: GPL-2.0-or-later
# What the network tests share: a small web server and client on the host, in Tcl's event loop,
# which runs while Expect waits.

# serve address file: answers every request with the file; returns the port.
proc serve {address file} {
    set listener [socket -server [list serve_one $file] -myaddr $address 0]
    return [lindex [fconfigure $listener -sockname] 2]
}
proc serve_one {file channel address port} {
    fconfigure $channel -translation binary -blocking 0
    fileevent $channel readable [list serve_request $file $channel]
}
proc serve_request {file channel} {
    if {[catch {gets $channel} line] || [eof $channel]} { close $channel; return }
    if {[string trim $line] ne "" || [fblocked $channel]} { return }
    fileevent $channel readable {}
    set source [open $file rb]
    puts -nonewline $channel "HTTP/1.0 200 OK\r\nContent-Length: [file size $file]\r\n\r\n"
    fcopy $source $channel -command [list serve_done $source $channel]
}
proc serve_done {source channel bytes {error ""}} {
    close $source
    catch {close $channel}
}

# fetch address port path file: the body of a web page to a file, within 60 seconds.
proc fetch {address port path file} {
    global fetched
    set channel [socket $address $port]
    set target [open $file wb]
    fconfigure $channel -translation binary
    puts -nonewline $channel "GET $path HTTP/1.0\r\n\r\n"
    flush $channel
    while {[string trim [gets $channel]] ne ""} {}
    set fetched ""
    set alarm [after 60000 {set fetched timeout}]
    fcopy $channel $target -command {set fetched}
    vwait fetched
    after cancel $alarm
    close $target
    close $channel
    return $fetched
}

# enter_namespace: the rest of the test runs in a network namespace of its own.
proc enter_namespace {} {
    global env
    if {[info exists env(LKVM_IN_NAMESPACE)]} return
    set env(LKVM_IN_NAMESPACE) 1
    set names [expr {[exec id -u] == 0 ? "-n" : "-rn"}]
    if {[catch {exec unshare $names ip tuntap add dev probe mode tap 2>@1} why]} {
        skip "no tap interfaces in a namespace ($why)"
    }
    if {[catch {exec unshare $names $::argv0 >@stdout 2>@stderr} why]} {
        set code $::errorCode
        exit [expr {[lindex $code 0] eq "CHILDSTATUS" ? [lindex $code 2] : 1}]
    }
    exit 0
}

# A file of so many random megabytes that goes when the test ends.
set scratch [expr {[info exists env(LKVM_SCRATCH)] ? $env(LKVM_SCRATCH) : "/tmp"}]/net-[pid]
file mkdir $scratch
rename exit net_exit
proc exit {{code 0}} {
    global scratch
    file delete -force $scratch
    net_exit $code
}
proc random_file {name megabytes} {
    global scratch
    exec head -c [expr {$megabytes << 20}] /dev/urandom >$scratch/$name
    return $scratch/$name
}
proc md5 {file} {
    return [lindex [exec md5sum $file] 0]
}

# lease: asks for an address with DHCP, which must be the one expected.
proc lease {expected} {
    set output [guest_run {udhcpc -i eth0 -n -q -s /etc/udhcpc.script 2>&1}]
    check {[string first "lease of $expected obtained" $output] >= 0} "no lease: $output"
}
# download url file: the guest's wget gets what the host has.
proc download {url file} {
    set sum [guest_run "wget -q -O - $url | md5sum" 120]
    check_equal [lindex $sum 0] [md5 $file] "checksum of $url"
}
