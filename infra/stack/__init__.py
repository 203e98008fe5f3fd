"""The local stack: stores, replicas, workers and nginx, started and stopped together by `python -m infra.stack`."""
