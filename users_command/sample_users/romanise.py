"""How a name in any script is written in an email address."""

import unicodedata

from users_command.sample_users.catalogue import catalogue


def romanise(name: str) -> str:
    """The name in `a-z`, digits, `-` and `.` only.

    Accents are dropped, other scripts transliterated letter by letter as the catalogue says, and the rest is left out.
    Every name of the catalogue has such a form; a name in a script that it does not know may end up empty.
    """
    letters = catalogue().letters
    translated = "".join(letters.get(letter, letter) for letter in name.lower())
    decomposed = unicodedata.normalize("NFKD", translated)
    return "".join(letter for letter in decomposed if letter.isascii() and (letter.isalnum() or letter in "-."))
