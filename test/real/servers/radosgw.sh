#!/usr/bin/env bash
# One-node Ceph in memory (monitor, one memstore OSD) with an Object Gateway, on 127.0.0.1 only, until it is killed.
# Needs the Debian packages ceph-mon, ceph-osd and radosgw. Prints READY once the gateway knows its user.
# Usage: radosgw.sh DIRECTORY MONITOR_PORT GATEWAY_PORT ACCESS_KEY SECRET_KEY
set -euo pipefail
directory=$1 monitor_port=$2 gateway_port=$3 access_key=$4 secret_key=$5
export CEPH_CONF=$directory/ceph.conf
mkdir -p "$directory"/{mon,osd,rgw,run,log}
cd "$directory"

children=()
trap 'kill "${children[@]}" 2>/dev/null || true; wait' EXIT
start() {
  "$@" -f >>"$directory/log/$1.out" 2>&1 &
  children+=($!)
}

cat >"$CEPH_CONF" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = [v2:127.0.0.1:$monitor_port]
mon initial members = a
# radosgw hangs without cephx.
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = $directory/keyring
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 4096
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 2
osd pool default pgp num = 2
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 2147483648
osd memory target = 939524096
osd class load list = *
osd class default list = *
mon data avail crit = 1
mon data avail warn = 2
run dir = $directory/run
admin socket = $directory/run/\$name.asok
pid file = $directory/run/\$name.pid
log file = $directory/log/\$name.log
mon cluster log file = $directory/log/cluster.log
log to stderr = false
mon data = $directory/mon
osd data = $directory/osd
rgw dns name = localhost
rgw run sync thread = false
rgw enable usage log = false
rgw enable ops log = false
rgw gc processor period = 36000
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$gateway_port
rgw data = $directory/rgw
CONF

fsid=$(sed -n 's/^fsid = //p' "$CEPH_CONF")
monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor_port]" monmap >/dev/null
ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *' >/dev/null
for entity in client.admin mgr.x osd.0 client.rgw; do
  ceph-authtool keyring --gen-key -n $entity --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
done
ceph-mon -c "$CEPH_CONF" --mkfs -i a --monmap monmap --keyring keyring
start ceph-mon -c "$CEPH_CONF" -i a
uuid=$(cat /proc/sys/kernel/random/uuid)
timeout 60 ceph -c "$CEPH_CONF" osd new "$uuid" 0 >/dev/null
ceph-osd -c "$CEPH_CONF" -i 0 --mkfs --osd-uuid "$uuid" >/dev/null 2>&1
start ceph-osd -c "$CEPH_CONF" -i 0
start radosgw -c "$CEPH_CONF" -n client.rgw
timeout 60 radosgw-admin -c "$CEPH_CONF" user create --uid=test --display-name=test \
  --access-key="$access_key" --secret="$secret_key" >/dev/null 2>&1
until (exec 3<>"/dev/tcp/127.0.0.1/$gateway_port") 2>/dev/null; do sleep 0.2; done
echo READY
wait
