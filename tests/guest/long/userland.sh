#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/guest/userland.sh with all of its work.
SCALE=1 LIMIT=3000 exec "$(dirname "$0")/../userland.sh" "$@"
