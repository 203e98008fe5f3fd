"""What can go wrong with texts."""

from cqrs.web.errors import Conflict


class TextContradicted(Conflict):
    """Another text came under this key (409)."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__("Another text came under this key.")
