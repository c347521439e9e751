#!/usr/bin/env bash
# Checks, without Docker, what the Dockerfile promises: the program runs as uid 65532, without capabilities, on a
# read-only root that holds nothing but itself, its libraries, CA certificates and time zones, with /data as its only
# writable place, and it stops when it is told to. unshare, chroot and setpriv make the sandbox; that needs root.
#
#   deploy/verify-container.sh            builds as the Dockerfile does
#   deploy/verify-container.sh PROGRAM    takes a program that was built already
#
# What it cannot check: that the image's own glibc fits the build, and the HEALTHCHECK's schedule.
set -euo pipefail

readonly IDENTITY=65532
readonly PROGRAM=/usr/local/bin/pos-bridge
readonly BRIDGE=127.0.0.1:17117 CALLBACKS=127.0.0.1:17118 SIMULATOR=127.0.0.1:17119

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# A root directory with the same content as the image.
make_root() {
    local program=$1 root=$2 file
    install -D -m 0755 "$program" "$root$PROGRAM"
    ldd "$program" | grep -o '/[^ ]*' | while read -r file; do
        install -D "$file" "$root$file"
    done
    mkdir -p "$root"/{data,dev,etc/pos-bridge,etc/ssl/certs,proc,usr/share/zoneinfo}
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    cp -r /usr/share/zoneinfo/Europe "$root/usr/share/zoneinfo/"
    cp config/demo.toml "$root/etc/pos-bridge/pos-bridge.toml"
    sed -i "s|http://127.0.0.1:7119|http://$SIMULATOR|" "$root/etc/pos-bridge/pos-bridge.toml"
    chown "$IDENTITY:$IDENTITY" "$root/data"
    chmod 0700 "$root/data"
}

close_root() {
    local root=$1
    mount --bind "$root" "$root"
    mount --bind "$root/data" "$root/data"
    mount -t proc proc "$root/proc"
    mount -o remount,bind,ro "$root"
    if touch "$root/written" 2> /dev/null; then
        fail "the root can be written"
    fi
}

# Runs the program in the sandbox, in place of the shell that calls it.
in_container() {
    cd /
    exec env -i PATH="$PATH" POS_BRIDGE_CONFIG=/etc/pos-bridge/pos-bridge.toml POS_BRIDGE_URL="http://$BRIDGE" \
        POS_BRIDGE__SERVER__LISTEN="$BRIDGE" POS_BRIDGE__CALLBACKS__LISTEN="$CALLBACKS" \
        POS_BRIDGE__DATABASE__URL=sqlite:///data/pos-bridge.db \
        setpriv --no-new-privs chroot --userspec="$IDENTITY:$IDENTITY" --groups= "$root" "$PROGRAM" "$@"
}

wait_until_ready() {
    local attempt
    for attempt in {1..100}; do
        if (in_container health) > /dev/null 2>&1; then
            return
        fi
        kill -0 "$bridge" 2> /dev/null || fail "the bridge stopped by itself"
        sleep 0.2
    done
    (in_container health) || true
    fail "the bridge is not ready after $attempt attempts"
}

check_privileges() {
    local status=/proc/$1/status
    grep -qP "^Uid:(\t$IDENTITY){4}$" "$status" || fail "it runs as another user: $(grep Uid "$status")"
    grep -qP '^CapEff:\t0+$' "$status" || fail "it has capabilities: $(grep CapEff "$status")"
    grep -qP '^NoNewPrivs:\t1$' "$status" || fail "it may gain privileges"
}

check_inside() {
    root=$1
    close_root "$root"
    (in_container --version) || fail "the program does not start: does it need a library or file that is not there?"
    (in_container simulate --listen "$SIMULATOR") &
    simulator=$!
    (in_container serve) &
    bridge=$!
    wait_until_ready
    check_privileges "$bridge"
    [[ "$(stat -c %u "$root/data/pos-bridge.db")" == "$IDENTITY" ]] || fail "the database is not its own"
    kill -TERM "$bridge"
    wait "$bridge" || fail "it ended with $? when it was told to stop"
    kill -TERM "$simulator"
    echo "ok: uid $IDENTITY, no capabilities, read-only root, /data writable, ready, stopped cleanly"
}

if [[ "${1-}" == --inside ]]; then
    check_inside "$2"
    exit
fi

cd "$(dirname "$0")/.."
[[ "$(id -u)" == 0 ]] || fail "the sandbox needs root"
program=${1-}
if [[ -z "$program" ]]; then
    cargo build --release --locked --bin pos-bridge
    program=${CARGO_TARGET_DIR:-target}/release/pos-bridge
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make_root "$program" "$root"
chmod 0755 "$root"
# The new process namespace takes whatever still runs with it when the check ends.
unshare --mount --mount-proc --pid --fork --kill-child "$0" --inside "$root"
