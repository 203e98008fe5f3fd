"""What the application imports is in requirements.txt, which is all that its image installs."""

import re
import sys
from importlib.metadata import packages_distributions

import grimp

from tests.architecture.sources import APPLICATION, ROOT


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_imported_distribution_is_pinned_for_the_replicas() -> None:
    graph = grimp.build_graph(*APPLICATION, include_external_packages=True, cache_dir=None)
    external = {module for module in graph.modules if graph.is_module_squashed(module)} - sys.stdlib_module_names
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = {normalised(match[1]) for line in lines if (match := re.match(r"([\w.-]+)(?:\[[\w,]+\])?==\d", line))}

    distributions = packages_distributions()
    missing = {
        module
        for module in external
        if not {normalised(distribution) for distribution in distributions.get(module, [])} & pinned
    }

    assert {"django", "psycopg", "pymongo"} <= external
    assert missing == set()
