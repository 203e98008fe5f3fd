"""Percentiles and medians of small samples."""

from collections.abc import Sequence
from statistics import quantiles


def percentile(values: Sequence[float], share: int) -> float:
    """Return the `share`th percentile, interpolated; 0 for no values."""
    if len(values) < 2:
        return float(values[0]) if values else 0.0
    return quantiles(values, n=100, method="inclusive")[share - 1]
