"""What people ask of privacy: what a text would look like once it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.errors import InputError

if TYPE_CHECKING:
    from caseline.privacy.scrubber import Scrubber


class Privacy:
    """Scrubbing on request, with the workspace's own pseudonyms.

    Args:
        scrubber: The workspace's.
    """

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber

    def scrub(self, text: str, *, customer: str | None = None) -> str:
        """Return *text* without personal data and secrets.

        Args:
            text: Any text.
            customer: Whose it is: with the id of a customer, a value gets the pseudonym it
                has in that customer's events, so that the two can be compared.

        Raises:
            InputError: *text* is no text.

        >>> from caseline.privacy.scrubber import Scrubber
        >>> privacy = Privacy(Scrubber(b"0123456789abcdef"))
        >>> privacy.scrub("disk full"), privacy.scrub("ask a@example.com")[:11]
        ('disk full', 'ask <email:')
        """
        if not isinstance(text, str):
            raise InputError(f"text is a {type(text).__name__}; give a str")
        return self._scrubber.scrub_text(text, customer=customer)
