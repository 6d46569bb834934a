# SPDX-License-Identifier: GPL-2.0-or-later
# For tests whose zones run the Debian root file system, with fio and iperf3 at work. Each zone has a
# part of the board's second disk for itself; the first is the root of all of them.
source [file dirname [info script]]/zone_shells.tcl

set rootfs $assets/rootfs.img
if {![file exists $rootfs]} { skip "no $rootfs ('make rootfs' makes it)" }
set data_disk $scratch/[file rootname [file tail $::argv0]]-data.img
set part_megabytes 96
file delete $data_disk
exec truncate -s 256M $data_disk
set board_disks [list -d $rootfs,ro -d $data_disk]

# Options of `lkvm pack` for one of them, whose part begins at that megabyte.
proc debian_zone {first} {
    global kernel initrd rootfs part_megabytes
    set megabyte 2048
    list -k $kernel -i $initrd -m 512@0x90000000 -c 2 --console virtio --rng -p "root=/dev/vda ro" \
        -d board=0,first=0,count=[expr {[file size $rootfs] / 512}],ro \
        -d board=1,first=[expr {$first * $megabyte}],count=[expr {$part_megabytes * $megabyte}] \
        -n mode=zones,net=lan
}
proc debian_shell {number name} {
    global zone_name
    set zone_name $name
    send "\x1d$number"
    guest_expect "console goes to zone 0x$number"
    for {set tries 0} {$tries < 120} {incr tries} {
        send "\r"
        if {[zone_sees {(bash-[0-9.]+|~ )# } 3]} {
            # A shell without line editing of its own.
            send -- "cd /tmp; PS1='~ # ' exec sh\r"
            guest_expect {\n[^\n]*~ # }
            return
        }
    }
    fail "no shell in $name"
}

# Work in the zone that has the console; it goes on while others have it. finish_work waits for its
# end, which must be a good one.
proc start_work {name command} {
    zone_ok "($command >/tmp/$name.log 2>&1; echo \$? >/tmp/$name.status) & true"
}
proc start_fio {seconds} {
    start_work fio "fio --name=t --filename=/dev/vdb --size=${::part_megabytes}m --rw=randrw \
        --bs=4k-64k --ioengine=libaio --iodepth=16 --direct=1 --verify=crc32c --verify_fatal=1 \
        --time_based --runtime=$seconds --minimal"
}
proc start_iperf {address seconds} {
    start_work iperf "iperf3 -c $address -t $seconds -J"
}
proc work_goes_on {name} {
    check_equal [zone_run "test -e /tmp/$name.status; echo \$?"] 1 "$name has ended"
}
proc finish_work {name patience} {
    zone_ok "while \[ ! -s /tmp/$name.status \]; do sleep 1; done" $patience
    check_equal [zone_ok "cat /tmp/$name.status"] 0 "status of $name: [zone_run "tail -n 5 /tmp/$name.log"]"
}
# KiB read and written.
proc fio_result {} { return [zone_ok {cut -d';' -f6,47 /tmp/fio.log | tail -n 1}] }
proc iperf_result {} {
    set rate [zone_ok {grep -A 9 '"sum_received"' /tmp/iperf.log | sed -n 's/.*bits_per_second":[^0-9]*\([0-9]*\).*/\1/p'}]
    check {$rate > 0} "iperf3: no rate"
    return $rate
}
