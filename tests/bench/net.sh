#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Part of `make bench`: iperf3 between guest and host, over user mode and, in a network namespace of
# this script's own where that is possible, over a tap interface; and over the host's loopback.
set -euo pipefail
if [ -z "${LKVM_BENCH_NAMESPACE:-}" ]; then
    names=-n
    [ "$(id -u)" = 0 ] || names=-rn
    if unshare $names ip tuntap add dev probe mode tap 2>/dev/null; then
        LKVM_BENCH_NAMESPACE=1 exec unshare $names "$0"
    fi
fi
. "$(dirname "$0")/common.sh"
port=5201
if [ -n "${LKVM_BENCH_NAMESPACE:-}" ]; then
    ip link set lo up
    for interface in lkvm0 qemu0; do
        ip tuntap add dev $interface mode tap vnet_hdr
    done
    tap=1
else
    note "no network namespace: no tap"
    port=$((20000 + RANDOM % 20000))
    tap=
fi
iperf3 -s -p $port >/dev/null 2>&1 &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
sleep 0.5

rate="awk '/receiver/ { print \$(NF - 2) }'"  # of the line with the sum, in Mbit/s
client() { printf 'iperf3 -c %s -p %s -t 3 -f m %s | %s' "$1" $port "${2:-}" "$rate"; }
commands() { # the guest's; the first interface is in user mode
    printf 'setup ip link set lo up; ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up\n'
    printf 'user_up %s\n' "$(client 10.0.2.2)"
    printf 'user_down %s\n' "$(client 10.0.2.2 -R)"
    [ -n "$tap" ] || return 0
    printf 'tap ip addr add 192.168.78.2/24 dev eth1; ip link set eth1 up; '
    printf 'for i in 1 2 3 4 5; do ping -c 1 -W 1 192.168.78.1 >/dev/null \&\& break; done\n' |
        tr -d '\\'
    printf 'tap_up %s\n' "$(client 192.168.78.1)"
    printf 'tap_down %s\n' "$(client 192.168.78.1 -R)"
}
use_tap() { # use_tap INTERFACE: it is the host's end from now on
    [ -n "$tap" ] || return 0
    ip addr flush to 192.168.78.1
    ip addr add 192.168.78.1/24 dev "$1"
    ip link set "$1" up
}
commands >"$work/commands"

note "net on the host"
printf 'loopback %s\n' "$(eval "$(client 127.0.0.1)")" >"$work/host"
note "net in lkvm"
use_tap lkvm0
lkvm_guest "$work/commands" -n mode=user ${tap:+-n mode=tap,ifname=lkvm0} >"$work/lkvm"
if can_run_qemu; then
    note "net in QEMU"
    use_tap qemu0
    qemu_guest "$work/commands" -netdev user,id=user -device virtio-net-pci,netdev=user,romfile= \
        ${tap:+-netdev tap,id=tap,ifname=qemu0,script=no,downscript=no,vhost=off} \
        ${tap:+-device virtio-net-pci,netdev=tap,romfile=} >"$work/qemu" ||
        note "QEMU did not finish"
fi

line() {
    row "$1" %d 1 "$(value "$work/lkvm" "$2")" "$(value "$work/qemu" "$2")" \
        "$(value "$work/host" loopback)"
}
heading "TCP, 2 vCPUs; host: its loopback" lkvm QEMU host
line "user mode, guest to host (Mbit/s)" user_up
line "user mode, host to guest (Mbit/s)" user_down
line "tap, guest to host (Mbit/s)" tap_up
line "tap, host to guest (Mbit/s)" tap_down
