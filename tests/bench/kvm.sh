#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Part of `make bench`: lkvm and QEMU as clients of KVM, inside --lvz: boot to shell, time until the
# first entry of the guest, memory beside the guest's, exits by reason; and what an MMIO exit and a kick
# cost, in instructions that the software CPU counts.
set -euo pipefail
. "$(dirname "$0")/common.sh"
sysroot=$(cd "$build/sysroot-loong64" && pwd)
turns=2000

# The guest's initrd gets the program that causes exits.
mkdir -p "$work/inner/bin" "$work/outer/guest"
clang++-19 --target=loongarch64-linux-gnu "--sysroot=$sysroot" -std=c++20 -O2 -nostdinc++ \
    -isystem "$sysroot/usr/include/cxx" -isystem "$sysroot/usr/include/cxx/loongarch64-linux-gnu" \
    -fuse-ld=lld-19 -static -s "-B$sysroot/usr/lib" "-L$sysroot/usr/lib" \
    -o "$work/inner/bin/exit-costs" tests/bench/kvm/exit_costs.cpp
pack() { (cd "$1" && find . -type f | cpio -o -H newc --quiet); }
{ cat "$assets/initrd.img" && pack "$work/inner"; } >"$work/outer/guest/costs.img"
{ cat "$assets/kvm.img" && pack "$work/outer"; } >"$work/lkvm.img"

# measure COMMAND NAME: lines for kvm.exp that start a client and look at it when its guest has a shell
measure() {
    cat <<COMMANDS
mount -t debugfs none /sys/kernel/debug; cd /sys/kernel/debug/tracing; echo 1 >events/kvm/kvm_enter/enable
a=\$(cut -d' ' -f1 /proc/uptime); echo start >trace_marker; $1 </dev/null >/tmp/out 2>&1 & echo
until grep -q '~ # ' /tmp/out; do usleep 50000; done; b=\$(cut -d' ' -f1 /proc/uptime); awk "BEGIN { print \"boot_s\", \$b - \$a }"
grep -E 'start|kvm_enter' trace | head -n 2 | sed 's/.* \([0-9]*\.[0-9]*\): .*/\1/' | awk 'NR == 1 { a = \$1 } NR == 2 { print "first_ms", (\$1 - a) * 1000 }'
echo 0 >events/enable
cd ../kvm; for f in *exits; do echo "\$f \$(cat \$f)"; done
awk '/^Size:/ { big = \$2 >= 500000 } /^Rss:/ && !big { all += \$2 } END { print "beside_kib", all }' /proc/\$(pidof $2)/smaps
kill \$(pidof $2); sleep 1
COMMANDS
}
outer=("$build/lkvm" run --accel soft --lvz -k "$assets/vmlinuz" -m 1G@0x90000000 -c 2 -n mode=none)
measure "lkvm run --accel kvm -k /guest/vmlinuz -i /guest/initrd.img -n mode=none -m 512@0x90000000" \
    lkvm >"$work/commands"
cat >>"$work/commands" <<COMMANDS
lkvm run --accel kvm -k /guest/vmlinuz -i /guest/costs.img -n mode=none --rng -m 512@0x90000000 --vcpu-affinity 1 -p 'lkvm.run="echo 16000000.virtio >/sys/bus/platform/drivers/virtio-mmio/unbind; sleep 3; exit-costs $turns"' </dev/null >/tmp/out 2>&1; tail -n 5 /tmp/out
COMMANDS
note "lkvm under KVM"
tests/bench/kvm.exp "$work/commands" "${outer[@]}" -i "$work/lkvm.img" --markers "$work/markers" >"$work/lkvm"
if [ -e "$assets/qemu-kvm.img" ]; then
    note "QEMU under KVM"
    measure "qemu-system-loongarch64 -accel kvm -M virt -m 512 -nographic -nic none -kernel /guest/vmlinux.elf -initrd /guest/initrd.img -append 'console=ttyS0 earlycon initcall_blacklist=i8042_init'" \
        qemu-system-loongarch64 >"$work/commands"
    tests/bench/kvm.exp "$work/commands" "${outer[@]}" -i "$assets/qemu-kvm.img" >"$work/qemu" ||
        note "QEMU did not finish"
fi

line() { row "$1" "$2" "$3" "$(value "$work/lkvm" "$4")" "$(value "$work/qemu" "$4")"; }
heading "Clients of KVM inside --lvz, 1 vCPU, 512 MiB" lkvm QEMU
line "boot to shell (s)" %.2f 1 boot_s
line "start until the guest is entered (ms)" %.0f 1 first_ms
line "memory beside the guest's, at the shell (MiB)" %.1f 1024 beside_kib
for reason in $(awk '/_exits / { print $1 }' "$work/lkvm" "$work/qemu" | sort -u); do
    line "exits of a boot: ${reason%_exits}" %d 1 "$reason"
done
cost() { # cost TITLE MARKER: from that marker to the next one, less the loop itself
    awk -v title="$1" -v first="$2" -v turns="$turns" '
        { seen[$2] = $3 }
        END {
            if (!(6 in seen) || !(first + 1 in seen)) { printf "%-42s%11s\n", title, "-"; exit }
            printf "%-42s%11.0f\n", title, ((seen[first + 1] - seen[first]) - (seen[6] - seen[5])) / turns
        }' "$work/markers"
}
heading "Cost in instructions of that CPU" lkvm
cost "exit for an MMIO read, and back" 1
cost "kick by ioeventfd, and back" 3
