"""Where logs come from: files, folders, archives, streams."""

from __future__ import annotations

from caseline.collect.collection import Collection, MemberFile
from caseline.collect.limits import Limits
from caseline.collect.manifests import Manifest
from caseline.collect.opening import open_collection

__all__ = ["Collection", "Limits", "Manifest", "MemberFile", "open_collection"]
