"""Phones, postcodes and identity numbers, described by patterns such as `(09#) @##-####`."""

from users_command.sample_users.draws import Draws

_ALPHABETS = {
    "#": "0123456789",
    "*": "123456789",
    "@": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}


def fill(pattern: str, draws: Draws) -> str:
    """The pattern with `#` replaced by a digit, `*` by one that is not zero and `@` by a capital; the rest stands.

    Takes one number from `draws`, whatever the pattern, and so serves up to 19 digits.
    """
    number = draws.below(2**64)
    written = []
    for symbol in pattern:
        alphabet = _ALPHABETS.get(symbol)
        if alphabet is None:
            written.append(symbol)
            continue
        number, position = divmod(number, len(alphabet))
        written.append(alphabet[position])
    return "".join(written)
