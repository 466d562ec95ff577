"""Which messages are alike: the hard cases, without a workspace."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseline.signatures.mining import mine_messages, shapes_of


def templates(*messages):
    mined = mine_messages(messages)
    return [mined.templates[name] for name in mined.signature_ids]


def batched(words):
    return zip(words[::3], words[1::3], words[2::3], strict=True)


def groups(messages):
    ids = mine_messages(messages).signature_ids
    return len(set(ids))


USERS = ["ann", "bo", "cy", "dee", "eve", "fay", "gus", "hal"]


def test_failed_password_does_not_swallow_invalid_user():
    lines = [f"Failed password for {user} from 10.0.0.{n} port {n}" for n, user in enumerate(USERS)]
    lines += [
        f"Failed password for invalid user {user} from 10.0.0.{n} port {n}"
        for n, user in enumerate(USERS)
    ]

    assert templates(*lines)[0] == "Failed password for <*> from <*> port <*>"
    assert templates(*lines)[-1] == "Failed password for invalid user <*> from <*> port <*>"
    assert groups(lines) == 2


def test_two_words_stay_constants():
    assert groups(["session opened for x", "session closed for x"]) == 2


def test_three_plain_words_are_a_variable():
    assert set(templates("host ann is up", "host bo is up", "host cy is up")) == {"host <*> is up"}


def test_states_in_capitals_stay_constants():
    lines = [f"peer is {state} now" for state in ("LOOKING", "LEADING", "FOLLOWING", "OBSERVING")]

    assert groups(lines) == 4


def test_first_words_stay_constants():
    assert groups([f"{name} startup succeeded" for name in USERS]) == len(USERS)


def test_second_value_of_a_key_makes_a_variable():
    assert templates("login user=ann", "login user=bo") == ["login user=<*>"] * 2


def test_empty_value_of_a_key_is_a_value():
    found = templates(
        "failure; ruser= rhost=a.example.com", "failure; ruser=ann rhost=b.example.com"
    )

    assert set(found) == {"failure; ruser=<*> rhost=<*>"}


def test_several_words_that_vary_at_once_are_variables():
    rng = random.Random(7)
    words = ["".join(rng.choices("abcdefgh", k=6)) for _ in range(60)]
    lines = [f"sent {a} to queue {b} on broker {c} now" for a, b, c in batched(words)]

    assert set(templates(*lines)) == {"sent <*> to queue <*> on broker <*> now"}


def test_lists_of_varying_length_are_one():
    lines = ["delete " + " ".join(f"blk_{n}7123" for n in range(k)) for k in (1, 2, 4, 9)]

    assert set(templates(*lines)) == {"delete <*>"}


def test_lists_of_one_length_keep_their_items():
    assert set(templates("fans 1 2 3", "fans 4 5 6")) == {"fans <*> <*> <*>"}


def test_value_with_and_without_a_unit_is_one():
    lines = [
        "closed, 0 bytes sent, 12 bytes (0.1 KB) received",
        "closed, 1,234 bytes (1.20 KB) sent, 5 bytes received",
    ]

    assert set(templates(*lines)) == {"closed, <*> sent, <*> received"}


def test_field_that_holds_a_value_is_contained_in_a_value_alone():
    lines = ["synchronized to 10.0.0.7, stratum 3", "synchronized to LOCAL(0), stratum 10"]

    assert set(templates(*lines)) == {"synchronized to <*>, stratum <*>"}


def test_key_is_not_contained_in_a_value_alone():
    assert groups(["open 7 now", "open uid=7 now"]) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("open /var/log/a.log", "open /srv/data/b/c.log"),
        (r"open C:\temp\a.log", r"open D:\data\b\c.log"),
        ("get https://example.com/a?x=1", "get http://example.org/b/c?y=2&z=3"),
        ("id 0b5c7a52-1f0e-4a54-9f7e-3c2b1a0d9e8f", "id 7b5c7a52-1f0e-4a54-9f7e-3c2b1a0d9e80"),
        ("peer fe80::1ff:fe23:4567:890a up", "peer 2001:db8::1 up"),
        ("took 12ms", "took 1.5s"),
        ("pool-1-thread-22 idle", "pool-3-thread-4 idle"),
        ("user <email:0123456789abcdef> in", "user <email:aaaaaaaaaaaaaaaa> in"),
        ("got token QUJDRA+jd73jdHbsk38sbHd98sKk==", "got token ZUJDRA+jd73jdHbsk38sbHd9s7Kk=="),
        ('reply {"id": 7, "ok": true}', 'reply {"id": 812, "ok": false}'),
        ("\x1b[31mfail\x1b[0m at 7", "\x1b[31mfail\x1b[0m at 812"),
        ("エラー 7 件", "エラー 12 件"),
        ("boot  (command 7)", "boot (command 8)"),
        ("reading 'a file 7.txt'", "reading 'a file 8.txt'"),
    ],
)
def test_messages_that_differ_in_values_are_alike(one, other):
    assert groups([one, other]) == 1


def test_names_with_digits_stay_while_they_are_the_same():
    assert (
        templates("dhcp via eth1 from 7", "dhcp via eth1 from 8") == ["dhcp via eth1 from <*>"] * 2
    )


def test_names_that_differ_in_digits_are_a_variable():
    assert set(templates("link of eth0 up", "link of eth1 up")) == {"link of <*> up"}


def test_many_variants_of_a_name_are_a_variable():
    lines = [f"link of port{n} is {state}" for n in range(40) for state in ("up", "down")]

    assert set(templates(*lines)) == {"link of <*> is up", "link of <*> is down"}


def test_empty_message_has_a_signature():
    assert templates("", "  ") == ["", ""]


def test_bytes_and_missing_messages_are_taken():
    mined = mine_messages([b"disk 1 full", b"caf\xe9 7", None])

    assert len(mined.signature_ids) == 3
    assert (
        mine_messages(pl.Series(["disk 1 full", None])).signature_ids[0] == mined.signature_ids[0]
    )


def test_nothing_gives_nothing():
    mined = mine_messages([])

    assert (len(mined), mined.templates, mined.to_frame().height) == (0, {}, 0)


def test_repr_shows_no_text():
    assert repr(mine_messages(["secret 7"])) == "Mined(1 messages, 1 templates)"


def test_frame_has_the_template_of_each_message():
    frame = mine_messages(["disk 1 full", "link down", "disk 2 full"]).to_frame()

    assert frame["template"].to_list() == ["disk <*> full", "link down", "disk <*> full"]


LINES = st.lists(
    st.lists(
        st.sampled_from([*USERS, "at", "=", "(x)", "7", "eth0", "eth1", "10.0.0.1", ","]),
        max_size=6,
    ).map(" ".join),
    max_size=30,
)


@given(LINES, st.randoms(use_true_random=False))
def test_order_has_no_effect(lines, rng):
    shuffled = list(lines)
    rng.shuffle(shuffled)
    found = dict(zip(lines, mine_messages(lines).signature_ids, strict=True))

    assert dict(zip(shuffled, mine_messages(shuffled).signature_ids, strict=True)) == found


@given(LINES)
def test_saying_it_twice_has_no_effect(lines):
    once, twice = mine_messages(lines), mine_messages(lines * 2)

    assert twice.signature_ids == once.signature_ids * 2


@given(st.lists(st.text(max_size=20)))
def test_shapes_are_those_of_a_slow_loop(texts):
    rows, shapes = shapes_of(pl.Series(texts, dtype=pl.String))
    slow = ["".join("0" if c in "123456789" else c for c in text).encode("utf-8") for text in texts]

    assert [shapes[row] for row in rows] == slow
    assert len(set(shapes)) == len(shapes)


def test_behind_one_key_a_value_of_any_form_is_a_value():
    messages = [
        f"released lock={n}, ws={ws}, uid={n}"
        for n in range(4)
        for ws in ("null", f"Source{{{n}}}", f"a/{n}?x={n}")
    ]
    mined = mine_messages(messages)
    assert set(mined.templates.values()) == {"released lock=<*>, ws=<*>, uid=<*>"}


def test_a_value_that_stands_twice_in_a_message_is_one_value():
    messages = [f"cannot reach {user}, since {user} is down" for user in USERS[:5]]
    assert templates(*messages)[0] == "cannot reach <*>, since <*> is down"
    assert groups(messages) == 1
    assert groups(["read error: disk error", "write error: disk error"]) == 2


def test_few_words_that_stand_twice_stay():
    assert groups(f"the {word} of the {word} ended" for word in ("cat", "dog")) == 2


def test_texts_in_quotes_are_values_however_many_words_they_have():
    names = ["invoice", "order mail", "welcome back again", "x", "a b c d e"]
    messages = [f"template '{name}' of 7 not found" for name in names]
    assert set(templates(*messages)) == {"template '<*>' of <*> not found"}
    assert set(templates(*reversed(messages))) == {"template '<*>' of <*> not found"}
    assert groups(f'state "{state}" reached' for state in ("up and running", "down")) == 2


def test_a_key_in_quotes_is_no_value():
    kept = [f'sent {{"id": "{n}", "to": 8}}' for n in ("a b", "c", "d e f")]
    assert set(templates(*kept)) == {'sent {"id": "<*>", "to": <*>}'}
    assert groups(f'sent {{"{key}": 7}}' for key in ("a b", "c")) == 2


def test_objects_of_many_kinds_in_one_place_are_a_value():
    objects = ('{"a": 1}', '{"b": "x", "c": {"d": 2}}', '{"e":true}', '{"f": "x y", "a": 3}')
    messages = [f"reading {text} stored" for text in objects]
    assert set(templates(*messages)) == {"reading <*> stored"}
    assert groups(objects) == 4


def test_commands_in_quotes_are_told_apart():
    verbs = ("GET", "POST", "DELETE")
    messages = [
        f'"{verb} /v2/{n}/servers HTTP/1.1" status: 200' for verb in verbs for n in range(3)
    ]
    assert groups(messages) == 3
