#!/bin/sh
# A real server with thimble, in a folder of its own that goes away with it. $1 is the port.
set -e
home=$(mktemp -d)
export WEFT_HOME="$home" OMP_WAIT_POLICY=passive
"${WEFT:-weft}" serve --port "$1" --data "$home/server" --out "$home/out" --cpu --no-packs &
server=$!
trap 'kill $server; wait $server; rm -rf "$home"' TERM INT
wait $server
