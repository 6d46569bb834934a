#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Rings the peers of a shared-memory region and waits for the answer's interrupt, COUNT times, as
# docs/zone-devices.md says. The peers add one to the region's word at offset 8 (tests/guest/zone/
# bell.cpp). Prints that word and how many interrupts there were.
# usage: doorbell.sh REGION PEERS COUNT      (REGION: the address in hex; PEERS: their bits)
region=$1 peers=$2 count=$3
node=shared-memory@$1
device=$1.shared-memory
set -e
# The second range of `reg`: the doorbell.
doorbell=0x$(od -An -v -tx1 "/proc/device-tree/$node/reg" | tr -d ' \n' | cut -c33-48)
modprobe evdev
modprobe opencores-kbd
echo opencores-kbd >"/sys/bus/platform/devices/$device/driver_override"
echo "$device" >/sys/bus/platform/drivers/opencores-kbd/bind
exec 3<"/dev/input/$(basename "/sys/bus/platform/devices/$device"/input/input*/event*)"
devmem $((doorbell + 0x14)) 32 0xffffffff
while [ "$count" != 0 ]; do
    devmem $((doorbell + 0x10)) 32 "$peers"
    # A key and the end of the report. Nobody presses it but the peer.
    [ "$(dd bs=24 count=2 <&3 2>/dev/null | wc -c)" = 48 ]
    [ $(($(devmem $((doorbell + 0x14))) & peers)) = $((peers)) ]
    devmem $((doorbell + 0x14)) 32 "$peers"
    count=$((count - 1))
done
echo "word $(($(devmem $((0x$region + 8)))))"
awk -v device="$device" '$NF == device { print "interrupts", $2 + $3 }' /proc/interrupts
