# Sourced by infra/run.sh and docker/run.sh, which say use_compose_files, define print_addresses and start_or_forward.
# shellcheck shell=bash
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)"
patience_seconds="${PATIENCE_SECONDS:-240}"

# Without an argument: starts everything, waits until all of it is healthy and says where it answers; exits with 1 and
# names what is not. With arguments: passes them to compose.
start_or_forward() {
  "$root/infra/containers/generate-env.sh"
  if [ "$#" -gt 0 ]; then exec "${compose[@]}" "$@"; fi
  # First: several services share the image, and the ones that do not build it would try to pull it.
  "${compose[@]}" build
  "${compose[@]}" up --detach
  wait_until_healthy
  print_addresses
}

# use_compose_files FILE...: each relative to the repository.
use_compose_files() {
  if docker compose version >/dev/null 2>&1; then
    compose=(docker compose)
  elif command -v docker >/dev/null && command -v docker-compose >/dev/null; then
    compose=(docker-compose)
  else
    echo "docker and its compose plugin (or docker-compose) are needed and were not found" >&2
    exit 1
  fi
  compose+=(--env-file "$root/infra/.env")
  local file
  for file in "$@"; do compose+=(--file "$root/$file"); done
}

wait_until_healthy() {
  local deadline=$((SECONDS + patience_seconds)) states not_ready
  while true; do
    states="$(container_states)"
    # A container is ready when it runs in health, or when, like the migration, it has ended well.
    not_ready="$(grep -Ev ' running 0 healthy$| exited 0 ' <<<"$states" || true)"
    if [ -z "$not_ready" ]; then return; fi
    if [ "$SECONDS" -ge "$deadline" ]; then break; fi
    sleep 1
  done
  show_why "$not_ready"
  exit 1
}

# Prints a line for each container: service, state, exit code, health.
container_states() {
  local label='{{index .Config.Labels "com.docker.compose.service"}}'
  local health='{{if .State.Health}}{{.State.Health.Status}}{{end}}'
  "${compose[@]}" ps --all --quiet |
    xargs docker inspect --format "$label {{.State.Status}} {{.State.ExitCode}} $health"
}

show_why() {
  local service state
  while read -r service state; do
    echo "$service is not ready: $state" >&2
    "${compose[@]}" logs --tail 20 "$service" >&2
  done <<<"$1"
}
