"""The query string of `GET /api/v1/sample-users`, read strictly: what cannot be served is refused, not replaced."""

from typing import Annotated, Final

import msgspec

from cqrs.web.validation import FieldRefused
from users_command.sample_users.catalogue import catalogue
from users_command.serializers import Seed

MAX_RESULTS: Final = 5_000
MAX_PAGE: Final = 1_000_000


class SampleParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Which people are asked for; by default one, of page 1, of any nationality, from a random seed."""

    results: Annotated[int, msgspec.Meta(ge=1, le=MAX_RESULTS, description="How many people.")] = 1
    seed: Seed | None = None
    page: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE, description="Another page, other people.")] = 1
    nat: Annotated[str, msgspec.Meta(description="Nationalities, a comma list such as `DE,IR`; all when left out.")] = (
        ""
    )

    def __post_init__(self) -> None:
        """Raises FieldRefused for a nationality that the catalogue does not know."""
        known = catalogue().nationalities
        if any(code not in known for code in self.nationalities):
            raise FieldRefused("nat", f"Expected a comma list of {', '.join(known)}", "choice")

    @property
    def nationalities(self) -> tuple[str, ...]:
        """The codes of `nat` in capitals; empty for all."""
        return tuple(code.strip().upper() for code in self.nat.split(",")) if self.nat else ()
