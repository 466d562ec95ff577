"""Signatures without a workspace: messages in, templates out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from caseline.signatures.book import SignatureBook
from caseline.signatures.coarsening import zeroed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """What was found in messages.

    Args:
        signature_ids: One per message, in order.
        templates: The text of each signature, ``<*>`` for a variable.
    """

    signature_ids: list[str]
    templates: dict[str, str]

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.signature_ids)

    def __repr__(self) -> str:
        """Return one line that shows no text."""
        return f"Mined({len(self)} messages, {len(self.templates)} templates)"

    def to_frame(self) -> pl.DataFrame:
        """Return one row per message: signature_id, template."""
        ids = pl.Series("signature_id", self.signature_ids, dtype=pl.String)
        table = pl.DataFrame(
            {"signature_id": list(self.templates), "template": list(self.templates.values())},
            schema={"signature_id": pl.String, "template": pl.String},
        )
        return ids.to_frame().join(table, on="signature_id", how="left", maintain_order="left")


def mine_messages(messages: Sequence[str | bytes] | pl.Series) -> Mined:
    """Return the signature of each of *messages*, and their templates.

    Args:
        messages: Texts without their headers; bytes are read as UTF-8, what is not
            UTF-8 as the replacement character.

    >>> mined = mine_messages(["disk 1 full", "disk 2 full", "link down"])
    >>> mined.templates[mined.signature_ids[0]]
    'disk <*> full'
    """
    book = SignatureBook()
    texts = _texts(messages)
    rows, shapes = shapes_of(texts)
    signed = book.sign(texts, rows, shapes)
    distinct = signed.signature_ids.unique(maintain_order=True).to_list()
    read_as = [book.canonical(name) for name in distinct]
    ids = signed.signature_ids.replace_strict(distinct, read_as).gather(signed.rows)
    templates = {
        name: found.template
        for name in ids.unique(maintain_order=True)
        if (found := book.signature(name)) is not None
    }
    return Mined(signature_ids=ids.to_list(), templates=templates)


def shapes_of(texts: pl.Series) -> tuple[NDArray[np.uint32], list[bytes]]:
    """Return for each of *texts* its index into the distinct shapes, and these.

    >>> rows, shapes = shapes_of(pl.Series(["a 1", "a 2", "b"]))
    >>> rows.tolist(), shapes
    ([0, 0, 1], [b'a 0', b'b'])
    """
    array = texts.cast(pl.Binary).rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    shaped_data = pa.py_buffer(zeroed(b"" if data is None else data.to_pybytes()))
    shaped = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(array), [None, offsets, shaped_data], offset=array.offset
    )
    encoded = shaped.dictionary_encode()
    indices = encoded.indices.to_numpy(zero_copy_only=False).astype(np.uint32)
    return indices, [shape for shape in encoded.dictionary.to_pylist() if shape is not None]


def _texts(messages: Sequence[str | bytes] | pl.Series) -> pl.Series:
    if isinstance(messages, pl.Series) and messages.dtype == pl.String:
        return messages.fill_null("")
    values = [
        text.decode("utf-8", "replace") if isinstance(text, bytes) else text or ""
        for text in messages
    ]
    return pl.Series(values, dtype=pl.String)
