#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Compiles, verifies what is on /dev/vdb and loads a page, all at once and again and again, each
# compared with what it should be. Prints how often each was done, or what failed.
# usage: kvm_mixed.sh SECONDS URL MD5
end=$(($(date +%s) + $1)) url=$2 sum=$3
cd /tmp || exit 1

compile() {
    cat >main.c <<'SOURCE'
#include <stdio.h>
#include <string.h>
static char composite[20000];
int main(void)
{
    long sum = 0;
    memset(composite, 0, sizeof composite);
    for (int i = 2; i < 20000; i++) {
        if (composite[i]) continue;
        sum += i;
        for (int j = 2 * i; j < 20000; j += i) composite[j] = 1;
    }
    printf("%ld\n", sum);
    return 0;
}
SOURCE
    rm -f main
    gcc -O2 -o main main.c && [ "$(./main)" = 21171191 ]
}
disk() {
    fio --name=mixed --filename=/dev/vdb --size=8m --rw=randrw --bs=4k-64k --ioengine=libaio \
        --iodepth=16 --direct=1 --verify=crc32c --verify_fatal=1 --minimal
}
network() {
    [ "$(wget -q -O - "$url" | md5sum | cut -c 1-32)" = "$sum" ]
}
again() { # again NAME
    count=0
    while :; do
        if ! "$1" >"$1.log" 2>&1; then
            echo "$1 failed: $(tail -n 3 "$1.log")"
            return
        fi
        count=$((count + 1))
        [ "$(date +%s)" -lt "$end" ] || break
    done
    echo "$1 $count"
}
again compile &
again disk &
again network &
wait
