# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Fetching Debian packages of other suites and architectures without touching the system: an apt
# with its own state, cache and sources. To be sourced. The mirror, proxies and keys are those of
# the machine's own apt configuration; signatures are verified by apt as for any other package.
#
#   packages_open NAME "ARCH ..." SUITE ...   choose suites (first wins) and architectures
#   packages_field PACKAGE FIELD              a field of the candidate version
#   packages_fetch PACKAGE ...                download into the cache; file names go to PACKAGES_FILES
#   packages_closure PACKAGE ...              PACKAGE and all that it depends on go to PACKAGES_NAMES
#
# Everything fetched is kept in ${XDG_CACHE_HOME:-~/.cache}/lkvm and never fetched twice.

LKVM_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/lkvm
# Package lists younger than this many minutes are used as they are.
LKVM_LISTS_MAX_AGE=${LKVM_LISTS_MAX_AGE:-10080}

say() { printf 'lkvm: %s\n' "$*" >&2; }
die() {
    printf 'lkvm: error: %s\n' "$*" >&2
    exit 1
}

# No step dies without a word.
set -E
trap 'say "error: ${BASH_SOURCE[0]##*/} line $LINENO failed: $BASH_COMMAND"' ERR

need_tools() {
    local tool missing=()
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
    done
    [ ${#missing[@]} -eq 0 ] || die "missing tools: ${missing[*]} (run 'make deps')"
}

# The address of the mirror that this machine takes its Debian packages from.
packages_site() {
    local site
    site=$(env -u APT_CONFIG apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' \
        'Created-By: Packages' 2>/dev/null |
        awk '$2 == "main" && $1 !~ /[-\/]/ { print $3; exit }')
    [ -n "$site" ] || die "no Debian mirror found in this machine's apt configuration"
    printf '%s\n' "${site%/}"
}

packages_open() {
    local name=$1 arches=$2 native suite keyring option=""
    shift 2
    need_tools apt-get apt-cache dpkg-deb sha256sum awk flock
    local site
    site=$(packages_site) || exit 1
    native=${arches%% *}
    PACKAGES_DIR=$LKVM_CACHE/apt/$name PACKAGES_SUITES=$*
    mkdir -p "$PACKAGES_DIR"/{state/lists/partial,cache/archives/partial,etc} "$LKVM_CACHE/debs"
    # Held until the calling script ends: two builds must not update one set of lists.
    exec 9>"$PACKAGES_DIR/lock"
    flock 9
    : >"$PACKAGES_DIR/state/status"
    for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        if [ -e "$keyring" ]; then
            option="[signed-by=$keyring] "
            break
        fi
    done
    for suite in "$@"; do
        printf 'deb %s%s %s main\n' "$option" "$site" "$suite"
    done >"$PACKAGES_DIR/etc/sources.list.new"
    {
        printf 'Dir::State "%s/state";\n' "$PACKAGES_DIR"
        printf 'Dir::State::status "%s/state/status";\n' "$PACKAGES_DIR"
        printf 'Dir::Cache "%s/cache";\n' "$PACKAGES_DIR"
        printf 'Dir::Etc::sourcelist "%s/etc/sources.list";\n' "$PACKAGES_DIR"
        printf 'Dir::Etc::sourceparts "/dev/null";\nDir::Etc::preferencesparts "/dev/null";\n'
        printf 'Dir::Etc::preferences "/dev/null";\n'
        printf 'APT::Default-Release "%s";\n' "$1"
        printf 'APT::Architecture "%s";\nAPT::Architectures { "%s"; };\n' "$native" \
            "${arches// /\"; \"}"
        printf 'APT::Sandbox::User "%s";\n' "$(id -un)"
        printf 'Acquire::GzipIndexes "false";\nAPT::Install-Recommends "false";\nAcquire::Languages "none";\n'
        printf 'Acquire::Retries "3";\n'
    } >"$PACKAGES_DIR/etc/apt.conf"
    local stale=1
    if cmp -s "$PACKAGES_DIR/etc/sources.list.new" "$PACKAGES_DIR/etc/sources.list" &&
        [ -e "$PACKAGES_DIR/updated" ] &&
        [ -z "$(find "$PACKAGES_DIR/updated" -mmin "+$LKVM_LISTS_MAX_AGE")" ]; then
        stale=0
    fi
    mv "$PACKAGES_DIR/etc/sources.list.new" "$PACKAGES_DIR/etc/sources.list"
    [ $stale -eq 0 ] || packages_update
}

apt_isolated() {
    local program=$1
    shift
    APT_CONFIG=$PACKAGES_DIR/etc/apt.conf LC_ALL=C "$program" "$@"
}

packages_update() {
    local pause log=$PACKAGES_DIR/update.log
    say "updating package lists ($(awk '{ printf "%s%s", s, $(NF - 1); s = ", " }' \
        "$PACKAGES_DIR/etc/sources.list"))"
    for pause in 10 30 60 ""; do
        if apt_isolated apt-get -q update -o APT::Update::Error-Mode=any >"$log" 2>&1; then
            touch "$PACKAGES_DIR/updated"
            return 0
        fi
        if grep -qE 'NO_PUBKEY|not signed|EXPKEYSIG' "$log"; then
            grep -E 'NO_PUBKEY|not signed|EXPKEYSIG' "$log" >&2
            die "the suite is signed with a key this machine does not know;" \
                "update the package debian-archive-keyring and try again"
        fi
        if [ -e "$PACKAGES_DIR/updated" ]; then
            say "warning: package lists could not be updated, going on with the old ones"
            return 0
        fi
        grep -E '^[EW]:' "$log" >&2 || cat "$log" >&2
        [ -n "$pause" ] || break
        say "package lists could not be fetched, trying again in $pause s"
        sleep "$pause"
    done
    die "package lists could not be fetched"
}

packages_field() {
    apt_isolated apt-cache --no-all-versions show "$1" 2>/dev/null |
        awk -v field="$2:" '$1 == field { sub(/^[^:]*: */, ""); print; exit }'
}

# Prints "URI file size hash" of the candidates, in apt's order.
packages_uri() {
    apt_isolated apt-get -q download --print-uris "$@" 2>/dev/null |
        awk '/^\x27/ { gsub(/\x27/, ""); sub(/^SHA256:/, "", $4); print }'
}

packages_cached() {
    local file=$1 hash=$2
    [ -e "$file" ] && [ "$(sha256sum <"$file" | cut -d' ' -f1)" = "$hash" ]
}

packages_fetch() {
    local pause rows row package uri file size hash missing megabytes
    local -A found
    for pause in 5 20 60 ""; do
        mapfile -t rows < <(packages_uri "$@")
        [ ${#rows[@]} -eq $# ] || die "not all of these packages are in the suites asked for: $*"
        PACKAGES_FILES=() missing=() megabytes=0
        for row in "${rows[@]}"; do
            read -r uri file size hash <<<"$row"
            found[${file%%_*}]=$row
        done
        for package in "$@"; do
            read -r uri file size hash <<<"${found[${package%:*}]}"
            PACKAGES_FILES+=("$LKVM_CACHE/debs/$file")
            packages_cached "$LKVM_CACHE/debs/$file" "$hash" && continue
            missing+=("$package")
            megabytes=$((megabytes + (size + 1048575) / 1048576))
        done
        [ ${#missing[@]} -gt 0 ] || return 0
        if [ ${#missing[@]} -gt 6 ]; then
            say "fetching ${#missing[@]} packages ($megabytes MB)"
        else
            say "fetching ${missing[*]} ($megabytes MB)"
        fi
        if (cd "$LKVM_CACHE/debs" && apt_isolated apt-get -q download "${missing[@]}") \
            >"$PACKAGES_DIR/download.log" 2>&1; then
            return 0
        fi
        [ -n "$pause" ] || break
        say "could not be fetched, trying again in $pause s"
        sleep "$pause"
        packages_update # the suite may have moved on
    done
    grep -E '^[EW]:' "$PACKAGES_DIR/download.log" >&2 || true
    die "could not be fetched: ${missing[*]}"
}

packages_closure() {
    local suite simulated
    # Of a suite in motion a package may want what is not there yet: then the next suite comes first.
    for suite in $PACKAGES_SUITES; do
        printf 'APT::Default-Release "%s";\n' "$suite" >>"$PACKAGES_DIR/etc/apt.conf"
        if simulated=$(apt_isolated apt-get -q -s --no-install-recommends install "$@" 2>&1); then
            mapfile -t PACKAGES_NAMES < <(awk '$1 == "Inst" { print $2 }' <<<"$simulated")
            return 0
        fi
        say "warning: in $suite the dependencies of these cannot be resolved: $*"
        printf '%s\n' "$simulated" | tail -5 >&2
    done
    die "dependencies cannot be resolved"
}
