"""The HTTP edge: strict input, problem details, conditional and idempotent writes, health, metrics, documentation."""
