"""Subjects of NATS, words separated by dots, and patterns that stand for many of them."""

from collections.abc import Iterable


def matches(subject: str, pattern: str) -> bool:
    """Say whether a subject is one of those that a pattern with `*` and a last `>` stands for."""
    words, wanted = subject.split("."), pattern.split(".")
    if wanted[-1] == ">":
        wanted = wanted[:-1]
        if len(words) <= len(wanted):
            return False
        words = words[: len(wanted)]
    return len(words) == len(wanted) and all(want in ("*", word) for word, want in zip(words, wanted, strict=True))


def pattern_of(subject: str, patterns: Iterable[str]) -> str | None:
    """Return the first of the patterns that stands for the subject; None where none does."""
    return next((pattern for pattern in patterns if matches(subject, pattern)), None)
