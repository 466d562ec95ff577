"""What people ask of privacy: what a text becomes when it is stored, and what goes for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from caseline.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from caseline.privacy.scrubber import Scrubber
    from caseline.records.answers import Table
    from caseline.records.custody import Erasure, Expiry
    from caseline.store.custody import Custody


class Privacy:
    """Scrubbing on request, with the workspace's own pseudonyms; and the care for its files.

    Args:
        scrubber: The workspace's.
        custody: Its files; without it there is scrubbing only.
    """

    def __init__(self, scrubber: Scrubber, custody: Custody | None = None) -> None:
        self._scrubber = scrubber
        self._custody = custody

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

    def erase(self, customer: str, *, by: str = "owner") -> Erasure:
        """Take *customer* out of every file of the workspace, byte by byte.

        Its events go, its tickets and their messages, its tenancies, what was seen only at
        it (signatures, words, hosts, files), and all of environments that are its alone.
        Events that it may share with others stay without its membership, and the others
        take over its weight. Every file that held anything of it is written anew, under a
        data key of its own if the workspace is encrypted; the old files and keys are
        destroyed. That needs room for a second copy of them. Questions wait meanwhile.

        A process that is killed leaves the customer whole or gone: where the work had
        begun, opening the workspace finishes it before anything is answered.

        Args:
            customer: Its id.
            by: Who asks for it, for the audit log.

        Returns:
            How much went, and the share groups by which others' numbers changed.

        Raises:
            NotFoundError: there is no such customer, or it was erased before.
            InputError: *by* is empty; or the workspace is on a cluster.
            WorkspaceError: there is no room; or within a transaction.
            ReadOnlyError: opened read-only.
        """
        return self._files().erase(customer, by=by)

    def expire(
        self,
        *,
        older_than: timedelta | datetime,
        signatures: bool = False,
        by: str = "owner",
    ) -> Expiry:
        """Take away what is too old: whole months, with their files and their keys.

        With them go the names of files and collections that only they had. Signatures stay,
        so that an error that comes back is known, and so do tickets. A month that *older_than*
        falls into stays whole.

        Args:
            older_than: An age, counted back from now, or a moment.
            signatures: Take signatures away too that no event has any more.
            by: Who asks for it, for the audit log.

        Returns:
            The months that went, and how much that was.

        Raises:
            InputError: *older_than* is in the future, or naive; *by* is empty.
            WorkspaceError: within a transaction.
            ReadOnlyError: opened read-only.
        """
        return self._files().expire(older_than=older_than, signatures=signatures, by=by)

    def rotate_key(self, new_key: str | bytes, *, files: bool = False, by: str = "owner") -> None:
        """Let *new_key* open the workspace from now on, and the old one no more.

        Every file has a data key of its own, wrapped by the workspace's key: these are
        wrapped anew. Whoever knew the old key and kept the file ``keys`` can still unwrap
        the data keys of then: with *files*, every file is written anew under a new one.

        Args:
            new_key: A long random one; it is written nowhere.
            files: Give every file a new data key, too.
            by: Who asks for it, for the audit log.

        Raises:
            KeyMismatchError: the workspace is not encrypted, or *new_key* is empty.
            InputError: *by* is empty.
            WorkspaceError: within a transaction; or there is no room, with *files*.
            ReadOnlyError: opened read-only.
        """
        self._files().rotate_key(new_key, files=files, by=by)

    def audit_log(self) -> Table:
        """Return what was done with the workspace as a whole, oldest first.

        Returns:
            at, action (erase, expire, renew, rotate), by, subject (a keyed hash of the
            customer's id, the months, the workspace), details (counts, as JSON).
        """
        return self._files().audit_log()

    def _files(self) -> Custody:
        if self._custody is None:
            raise InputError(
                "this scrubs only: it is a viewer's, or on a cluster; ask the privacy of a "
                "workspace in a folder"
            )
        return self._custody
