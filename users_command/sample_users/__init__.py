"""Invented people in the format of randomuser.me v1.4, so that the page and the benchmark need no internet.

The same `(seed, page, nationalities)` gives the same people in every process, on every machine and with every version
of Python: they are drawn from a hash and not from `random`. Only `age` moves on, because it is counted on the day of
the request, as the real service does.
"""
