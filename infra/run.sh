#!/usr/bin/env bash
# The stores in containers. Alone it starts them; with arguments it is docker compose for them: infra/run.sh down,
# infra/run.sh --profile admin up --detach.
set -euo pipefail
# shellcheck source=containers/compose.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/containers/compose.sh"

use_compose_files infra/docker-compose.yml

print_addresses() {
  cat <<'TEXT'
PostgreSQL  127.0.0.1:15432  database cqrs, user cqrs
MongoDB     127.0.0.1:27017  database cqrs, user cqrs, with authSource=admin and directConnection=true
NATS        127.0.0.1:4222   user cqrs
Passwords   infra/.env
TEXT
}

start_or_forward "$@"
