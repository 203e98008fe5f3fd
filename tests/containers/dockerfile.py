"""docker/Dockerfile as the tests read it."""

import json
import re
from pathlib import Path


class Dockerfile:
    """The instructions of a Dockerfile as (name, rest) pairs, continued lines joined."""

    def __init__(self, path: Path) -> None:
        text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE)
        lines = [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]
        self.instructions = [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]

    def all(self, name: str) -> list[str]:
        """Return what follows each instruction of that name."""
        return [rest for instruction, rest in self.instructions if instruction == name]

    def position_of_last(self, name: str) -> int:
        """Return the index of the last instruction of that name."""
        return max(index for index, (instruction, _) in enumerate(self.instructions) if instruction == name)

    @property
    def copied(self) -> list[str]:
        """The paths that the last stage takes from the repository."""
        last_stage = self.instructions[self.position_of_last("FROM") :]
        return [rest.split()[0] for name, rest in last_stage if name == "COPY" and not rest.startswith("--from")]

    @property
    def command(self) -> list[str]:
        """What a container runs unless it is told otherwise."""
        command: list[str] = json.loads(self.all("CMD")[0])
        return command

    @property
    def health_check(self) -> list[str]:
        """The command that tells whether a container is healthy."""
        (check,) = self.all("HEALTHCHECK")
        command: list[str] = json.loads(check[check.index("CMD ") + 4 :])
        return command
