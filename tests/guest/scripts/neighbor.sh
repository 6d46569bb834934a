#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Work of a guest whose neighbors misbehave. All of it must come out right.
#   neighbor.sh write DISK      writes to a disk and reads back, a quarter of a megabyte at a time
#   neighbor.sh receive         takes such pieces at port 5000, to the end of the connection
#   neighbor.sh send ADDRESS    sends them there, over one connection
#   neighbor.sh progress WORK   how many pieces one of these three has done
#   neighbor.sh end WORK...     stops write and send, waits for the end of those named, prints their
#                               pieces; fails if something came out wrong
# The first three return at once. Between two pieces they rest for PAUSE microseconds (500000).
pause=${PAUSE:-500000}
pattern=/tmp/neighbor.pattern
size=262144 slots=8
[ -s $pattern ] || seq 50000 | head -c $size >$pattern

wrong() {
    echo "$*" >>/tmp/neighbor.wrong
}
next() { # next WORK: one more piece is done
    count=$((count + 1))
    # In one step, for who reads it meanwhile.
    echo $count >"/tmp/neighbor.$1.new" && mv "/tmp/neighbor.$1.new" "/tmp/neighbor.$1"
    usleep "$pause"
}

write() {
    until [ -e /tmp/neighbor.stop ]; do
        (echo "piece $count" && cat $pattern) | head -c $size >/tmp/neighbor.out
        at=$((count % slots * 16))
        dd if=/tmp/neighbor.out of="$1" bs=16k seek=$at oflag=direct 2>/dev/null || wrong "write $count"
        dd if="$1" bs=16k skip=$at count=16 iflag=direct 2>/dev/null | cmp - /tmp/neighbor.out ||
            wrong "read $count"
        next write
    done
}
receive() {
    # Input that never ends: with its end the connection would be half closed.
    mkfifo /tmp/neighbor.input
    nc -l -p 5000 <>/tmp/neighbor.input | while :; do
        dd bs=16k count=16 iflag=fullblock of=/tmp/neighbor.in 2>/dev/null
        [ -s /tmp/neighbor.in ] || break
        cmp /tmp/neighbor.in $pattern || wrong "receive $count"
        next receive
    done
}
send() {
    until [ -e /tmp/neighbor.stop ]; do
        cat $pattern || wrong "send $count"
        next send
    done | nc "$1" 5000 || wrong "the connection broke"
}

work=$1
shift
case $work in
write | receive | send)
    count=0
    echo 0 >"/tmp/neighbor.$work"
    (
        "$work" "$@" 2>>/tmp/neighbor.wrong
        : >"/tmp/neighbor.$work.ended"
    ) >/dev/null </dev/null &
    ;;
progress)
    cat "/tmp/neighbor.$1"
    ;;
end)
    : >/tmp/neighbor.stop
    for work in "$@"; do
        until [ -e "/tmp/neighbor.$work.ended" ]; do usleep 50000; done
        echo "$work $(cat "/tmp/neighbor.$work")"
    done
    ! cat /tmp/neighbor.wrong 2>/dev/null | grep .
    ;;
esac
