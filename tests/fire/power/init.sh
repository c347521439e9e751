#!/bin/sh
# The first program of the guest: $1 is the folder that it shares with the host, $2 its boot, $3 the bridge, $4 the load.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t hostfs -o "$1" hostfs "$1"
ip link set lo up
mount -t ext4 /dev/ubda "$1/disk" || { echo "BROKEN the disk cannot be mounted"; sleep 60; }
mkdir -p "$1/disk/data"
chmod 700 "$1/disk/data"
cp "$1"/disk/data/pos-bridge.db "$1"/disk/data/pos-bridge.db-wal "$1/recovered/" 2> /dev/null
echo RECOVERED
[ "$2" = last ] && sleep 60
"$3" simulate --listen 127.0.0.1:7801 --speed 400 --terminals 24 --dojo-terminals 24 --seed "$2" > /dev/null 2>&1 &
"$3" serve --config "$1/pos-bridge.toml" > /run/bridge.log 2>&1 &
"$4" guest "$2"
tail -n 3 /run/bridge.log
echo "BROKEN the load ended"
sleep 60
