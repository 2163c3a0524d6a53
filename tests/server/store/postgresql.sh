#!/usr/bin/env bash
# Runs a command beside a PostgreSQL that lives as long as it does:
#
#     tests/server/store/postgresql.sh pytest tests/server/store
#
# The server listens on a socket in a folder of its own; WEFT_TEST_POSTGRESQL is its URL.
set -euo pipefail

programs=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1)
[ -n "$programs" ] || programs=$(dirname "$(command -v initdb)")
folder=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then # it refuses to run as root
  chown postgres "$folder"
  as=(setpriv --reuid postgres --regid postgres --clear-groups)
fi
control=("${as[@]}" "$programs/pg_ctl" --pgdata "$folder/data" --silent --wait)
trap '"${control[@]}" --mode immediate stop || true; rm -rf "$folder"' EXIT
cd "$folder" # a folder that this user may enter
"${as[@]}" "$programs/initdb" --pgdata "$folder/data" --username weft --auth trust --no-sync > "$folder/made"
"${control[@]}" --log "$folder/log" --options "-k $folder -c listen_addresses= -c fsync=off" start
cd "$OLDPWD"
WEFT_TEST_POSTGRESQL="postgresql://weft@/postgres?host=$folder" "$@"
