#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Reads the uptime for SECONDS and counts how often it was less than before.
# usage: time_forward.sh SECONDS
last=0 backwards=0 end=$(($(cut -d. -f1 /proc/uptime) + $1))
while :; do
    read -r now rest </proc/uptime
    fraction=${now#*.}
    number=${now%.*}$fraction
    [ "$number" -ge "$last" ] || backwards=$((backwards + 1))
    last=$number
    [ "${now%.*}" -lt "$end" ] || break
done
echo "backwards: $backwards"
