#!/bin/sh
# A real server with thimble, in a folder of its own that goes away with it. $1 is the port.
set -e
home=$(mktemp -d)
export WEFT_HOME="$home" OMP_WAIT_POLICY=passive
# Two embeddings to be named in prompts; nothing reads more of them than the name.
mkdir -p "$home/models/embeddings"
for name in style-cat style-dog; do
  printf '\002\000\000\000\000\000\000\000{}' > "$home/models/embeddings/$name.safetensors"
done
"${WEFT:-weft}" serve --port "$1" --data "$home/server" --out "$home/out" --cpu --no-packs &
server=$!
trap 'kill $server; wait $server; rm -rf "$home"' TERM INT
wait $server
