#!/usr/bin/env bash
# The whole system in containers: the stores, three replicas behind nginx, the workers. Alone it builds and starts them;
# with arguments it is docker compose for them: docker/run.sh logs --follow instance-1, docker/run.sh down.
set -euo pipefail
# shellcheck source=../infra/containers/compose.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../infra/containers/compose.sh"

use_compose_files infra/docker-compose.yml docker/docker-compose.yml

print_addresses() {
  local site
  site="http://$("${compose[@]}" port nginx 8080)"
  cat <<TEXT
Page        $site/
Swagger UI  $site/api
Stores      PostgreSQL 127.0.0.1:15432, MongoDB 127.0.0.1:27017, NATS 127.0.0.1:4222
Passwords   infra/.env
TEXT
}

start_or_forward "$@"
