import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.collect.faults import Damage
from caseline.collect.reading import ByteReader, Mark


def reader_of(data, *, read_bytes=7, leap=False):
    file = io.BytesIO(data)

    def skip(size):
        place = file.tell()
        file.seek(min(place + size, len(data)))
        return file.tell() - place

    return ByteReader(lambda _: file.read(read_bytes), leap=skip if leap else None)


steps = st.lists(
    st.tuples(st.sampled_from(["read", "exactly", "peek", "skip", "back"]), st.integers(0, 40))
)


@given(st.binary(max_size=300), steps, st.integers(1, 50), st.booleans())
def test_any_order_of_steps_reads_what_a_file_reads(data, steps, read_bytes, leap):
    reader, place, last = reader_of(data, read_bytes=read_bytes, leap=leap), 0, b""
    for step, size in steps:
        expected = data[place : place + size]
        if step == "peek":
            assert reader.peek(size) == expected
        elif step == "back":
            reader.push_back(last[: len(last)])
            place, last = place - len(last), b""
        elif step == "skip":
            assert reader.skip(size) == len(expected)
            place, last = place + len(expected), b""
        else:
            last = reader.exactly(size) if step == "exactly" else reader.read(max(size, 1))
            assert data[place:].startswith(last)
            assert step == "read" or last == expected
            place += len(last)
        assert reader.position == place
    assert data[place:].startswith(reader.read(1000))


@given(st.lists(st.sampled_from([b"a", b"Mk", b"Mk1", b"M", b"." * 70_000])).map(b"".join))
def test_a_search_stops_where_a_regular_search_does(data):
    mark = Mark(needle=b"Mk", begins=lambda head: head[2:3] == b"1", width=3)
    reader = reader_of(data, read_bytes=5000)
    found = data.find(b"Mk1")
    assert reader.seek(mark) == (found >= 0)
    assert reader.position == (found if found >= 0 else len(data))


def test_a_search_among_too_many_false_places_ends():
    mark = Mark(needle=b"Mk", begins=lambda head: head[2:3] == b"1", width=3)
    reader = reader_of(b"Mk" * 200_000 + b"Mk1", read_bytes=65_536)
    assert not reader.seek(mark)
    assert reader.read(10) == b""


def test_behind_final_damage_nothing_comes():
    def pull(_):
        raise Damage("bomb", "test", final=True)

    reader = ByteReader(pull)
    assert reader.peek(5) == b""
    with pytest.raises(Damage, match="bomb"):
        reader.read(5)
    assert reader.read(5) == b""
