#!/usr/bin/env bash
# Writes the replica set's key where only mongod can read it, then goes on as the official image does. mongod refuses
# a key file that others may read, and a file mounted from the host has the host's owner, so the key comes as a variable.
set -euo pipefail
umask 077

key_file="${REPLICA_SET_KEY_FILE:-/tmp/replica-set.key}"
rm -f "$key_file"
printf '%s\n' "${MONGODB_REPLICA_SET_KEY:?}" >"$key_file"
chmod 400 "$key_file"
unset MONGODB_REPLICA_SET_KEY

exec docker-entrypoint.sh mongod --keyFile "$key_file" "$@"
