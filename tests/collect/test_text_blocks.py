import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.collect.faults import Damage, Faults
from caseline.collect.limits import Limits
from caseline.collect.reading import ByteReader
from caseline.collect.text_blocks import TextBlocks


def pieces_of(data, *, block_bytes=8, line_bytes=1000, read_bytes=5):
    chunks = io.BytesIO(data)
    faults = Faults(100)
    limits = Limits(block_bytes=block_bytes, line_bytes=line_bytes)
    reader = ByteReader(lambda _: chunks.read(read_bytes))
    return list(TextBlocks(reader, "app.log", limits, faults).pieces()), faults.rejects


texts = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b"\xc3\xa9", b"\0"])).map(b"".join)


@given(texts, st.integers(1, 40), st.integers(1, 20))
def test_blocks_joined_are_the_file(data, block_bytes, read_bytes):
    pieces, rejects = pieces_of(data, block_bytes=block_bytes, read_bytes=read_bytes)
    assert b"".join(piece for _, piece in pieces) == data
    assert rejects == []


@given(texts, st.integers(1, 40))
def test_blocks_end_at_a_line_and_know_their_place(data, block_bytes):
    pieces, _ = pieces_of(data, block_bytes=block_bytes)
    assert all(piece.endswith(b"\n") for _, piece in pieces[:-1])
    assert all(data[offset : offset + len(piece)] == piece for offset, piece in pieces)
    assert all(piece for _, piece in pieces)


def cut_slowly(data, line_bytes):
    """The oracle: line by line, ASCII only."""
    lines, cuts = [], []
    place = 0
    for line in data.splitlines(keepends=True):
        text = line.rstrip(b"\n")
        if len(text) <= line_bytes:
            lines.append(line)
        else:
            lines.append(text.replace(b"\0", b"")[:line_bytes] + b"\n")
            cuts.append(place)
        place += len(line)
    return b"".join(lines), cuts


ascii_texts = st.lists(
    st.sampled_from([b"a", b"bcd", b"efghij" * 5, b"\n", b"\0", b"\0" * 20])
).map(b"".join)


@given(ascii_texts, st.integers(1, 30), st.integers(1, 60), st.integers(1, 20))
def test_long_lines_are_cut_as_a_line_by_line_reading_cuts_them(
    data, line_bytes, block_bytes, read_bytes
):
    pieces, rejects = pieces_of(
        data, block_bytes=block_bytes, line_bytes=line_bytes, read_bytes=read_bytes
    )
    expected, cuts = cut_slowly(data, line_bytes)
    assert b"".join(piece for _, piece in pieces) == expected
    assert [reject.position for reject in rejects] == cuts


def test_a_cut_line_is_one_record_and_no_rejected_line():
    pieces, (reject,) = pieces_of(b"short\n" + b"x" * 50 + b"\nend\n", line_bytes=20)
    assert b"".join(p for _, p in pieces) == b"short\n" + b"x" * 20 + b"\nend\n"
    assert (reject.reason, reject.lines, reject.position) == ("line_too_long", 0, 6)
    assert reject.detail == "30 of 50 bytes dropped"


def test_what_follows_a_cut_line_keeps_its_place_in_the_file():
    data = b"x" * 50 + b"\nend\n"
    pieces, _ = pieces_of(data, line_bytes=20, block_bytes=500)
    assert pieces[-1] == (51, b"end\n")


def test_a_cut_does_not_split_a_character():
    line = "é".encode() * 20
    pieces, _ = pieces_of(line + b"\n", line_bytes=11)
    assert pieces[0][1].decode() == "é" * 5 + "\n"


@pytest.mark.parametrize("character", ["é", "€", "😀"])
@pytest.mark.parametrize("line_bytes", [8, 9, 10, 11])
def test_a_cut_line_is_valid_text_for_characters_of_any_length(character, line_bytes):
    pieces, _ = pieces_of(character.encode() * 20, line_bytes=line_bytes)
    assert set(pieces[0][1].decode()) == {character, "\n"}


def test_a_hole_does_not_eat_the_line_behind_it():
    pieces, (reject,) = pieces_of(b"one\n" + bytes(90) + b"two\nthree\n", line_bytes=20)
    assert b"".join(piece for _, piece in pieces) == b"one\ntwo\nthree\n"
    assert reject.detail == "90 of 93 bytes dropped"


def damaged(*parts):
    """Return a reader that raises where a part is None."""
    queue = iter(parts)

    def pull(_):
        part = next(queue, b"")
        if part is None:
            raise Damage("corrupt", "test")
        return part

    return ByteReader(pull)


def test_lines_on_both_sides_of_damage_stay_apart():
    faults = Faults(10)
    blocks = TextBlocks(damaged(b"one\ntw", None, b"four\n"), "app.log", Limits(), faults)
    assert b"".join(piece for _, piece in blocks.pieces()) == b"one\ntw\nfour\n"
    assert [(r.reason, r.position) for r in faults.rejects] == [("corrupt", 6)]


def test_damage_between_lines_adds_nothing():
    blocks = TextBlocks(damaged(b"one\n", None, None, b"four\n"), "a", Limits(), Faults(10))
    assert b"".join(piece for _, piece in blocks.pieces()) == b"one\nfour\n"


def test_rejects_beyond_the_most_are_added_up():
    faults = Faults(2)
    for index in range(5):
        faults.add("corrupt", f"{index}.log", lines=2)
    assert [reject.lines for reject in faults.rejects] == [2, 8]
    assert faults.rejects[-1].reason == "too_many"
