"""Names for what is kept: short, fit for an address, and in the order in which they were given."""

from __future__ import annotations

import secrets
import time

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_DIGITS, _CHANCE_DIGITS = 9, 4


def fresh_id() -> str:
    """13 characters: the millisecond (until the year 3084), then 20 bits of chance. The alphabet is Crockford's."""
    number = (time.time_ns() // 1_000_000 << 5 * _CHANCE_DIGITS) | secrets.randbits(5 * _CHANCE_DIGITS)
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(_TIME_DIGITS + _CHANCE_DIGITS)))
