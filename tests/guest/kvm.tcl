# SPDX-License-Identifier: GPL-2.0-or-later
# Guests under the kernel's KVM, inside `lkvm run --lvz`. Source guest.exp first.

# Boots the outer guest, a stock Debian kernel with /dev/kvm, to its prompt.
proc kvm_host_start {cpus {image ""}} {
    global initrd assets
    if {$image eq ""} { set image $assets/kvm.img }
    if {![file exists $image]} { skip "no $image (make kvm-assets)" }
    set initrd $image
    guest_start --lvz -m 1G@0x90000000 -c $cpus
    guest_prompt
    check_equal [guest_run {test -c /dev/kvm && echo there}] there "/dev/kvm"
}

# Boots an inner guest with these options to its prompt. Both prompts look the same: the inner
# guest's banner comes in between.
proc kvm_guest_start {options} {
    send -- "lkvm run --accel kvm -k /guest/vmlinuz -i /guest/initrd.img $options\r"
    guest_expect {vCPUs run under the kernel's KVM} 60
    guest_expect {Linux version} 120
    guest_prompt
}

# Powers the inner guest off; checks lkvm's exit code inside.
proc kvm_guest_end {} {
    send "poweroff\r"
    guest_expect {Power down} 60
    guest_prompt
    check_equal [guest_run {echo $?}] 0 "exit code of lkvm under KVM"
}

# Ends the outer guest; its kernel must not have complained.
proc kvm_host_end {} {
    set log [guest_run {dmesg | grep -ciE 'BUG:|Oops|WARNING:|UBSAN|Call Trace|soft lockup|stall'}]
    check_equal $log 0 "complaints of the kernel that runs KVM"
    send "poweroff\r"
    check_equal [guest_exit] 0 "exit code"
}
