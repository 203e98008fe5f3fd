#!/usr/bin/env bash
# Writes infra/.env (or the file named by the argument): the secrets of the containers, readable by their owner only.
# A name that the file has already keeps its value, so running this again changes nothing.
set -euo pipefail
umask 077

secret_names=(
  POSTGRES_PASSWORD
  POSTGRES_APPLICATION_PASSWORD
  MONGODB_ROOT_PASSWORD
  MONGODB_APPLICATION_PASSWORD
  MONGODB_REPLICA_SET_KEY
  NATS_PASSWORD
  PGADMIN_PASSWORD
  MONGO_EXPRESS_PASSWORD
  MONGO_EXPRESS_COOKIE_SECRET
  MONGO_EXPRESS_SESSION_SECRET
  SECRET_KEY
)

# 256 random bits in characters that need no escaping in a URL. The leading letter keeps NATS, whose configuration
# reads a variable as a literal, from taking a value for a number.
random_secret() {
  printf 'k%s' "$(od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n')"
}

set_unless_present() {
  grep -q "^$1=" "$env_file" || printf '%s=%s\n' "$1" "$2" >>"$env_file"
}

end_last_line() {
  if [ -n "$(tail -c 1 "$env_file")" ]; then echo >>"$env_file"; fi
}

env_file="${1:-"$(dirname -- "${BASH_SOURCE[0]}")/../.env"}"
touch "$env_file"
chmod 600 "$env_file"
end_last_line
set_unless_present COMPOSE_PROJECT_NAME cqrs
for name in "${secret_names[@]}"; do
  set_unless_present "$name" "$(random_secret)"
done
