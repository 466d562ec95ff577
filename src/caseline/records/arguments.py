"""What callers give where an id or a number of rows is wanted."""

from __future__ import annotations

from operator import index
from typing import Any

from caseline.errors import InputError


def checked_id(value: Any, what: str) -> str:
    """Return the id *value* of a *what*.

    Raises:
        InputError: it is no text.

    >>> checked_id("T-17", "ticket")
    'T-17'
    """
    if not isinstance(value, str):
        raise InputError(f"{what} is a {type(value).__name__}; give its id, a str")
    return value


def checked_limit(value: Any) -> int:
    """Return how many rows are wanted at the most.

    Raises:
        InputError: no whole number, or below 1.

    >>> checked_limit(5)
    5
    """
    try:
        limit = index(value)
    except TypeError:
        raise InputError(
            f"limit is a {type(value).__name__}; give a whole number, at least 1"
        ) from None
    if limit < 1:
        raise InputError(f"limit is {limit}; give at least 1")
    return limit
