# SPDX-License-Identifier: GPL-2.0-or-later
# Resident memory of an emulator beside its guest's RAM, from /proc/PID/smaps.

# footprint pid ram_kib code_kib: a list of two numbers in KiB, what is resident in the mapping of
# decoded code (known by its size) and in all others but the guest's RAM.
proc footprint {pid ram_kib code_kib} {
    set file [open /proc/$pid/smaps]
    set lines [split [read $file] \n]
    close $file
    set code 0
    set beyond 0
    foreach line $lines {
        if {[regexp {^Size: +(\d+)} $line - size]} { continue }
        if {![regexp {^Rss: +(\d+)} $line - rss] || $size == $ram_kib} { continue }
        if {$size == $code_kib} { incr code $rss } else { incr beyond $rss }
    }
    return [list $code $beyond]
}
