"""Which names in an archive are taken, and as what."""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST = 4096


def safe_name(name: str) -> str | None:
    r"""Return *name* as a plain relative path; None if it is none.

    Absolute names, drives, ``..`` and control characters are refused. Nothing is ever
    written to disk, but names end in tables, reports and other people's shells.

    >>> safe_name("./logs//app.log")
    'logs/app.log'
    >>> safe_name("../app.log"), safe_name("/var/log/app.log"), safe_name("..\\app.log")
    (None, None, None)
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or len(name) > _LONGEST or not name.isprintable():
        return None
    elsewhere = name.replace("\\", "/")  # what another system would make of it
    if elsewhere.startswith("/") or _DRIVE.match(name) or ".." in elsewhere.split("/"):
        return None
    return "/".join(parts)
