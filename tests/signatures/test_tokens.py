"""What is a value, a word, a name: by type, in shapes as in text."""

from __future__ import annotations

import pytest

from caseline.signatures.rulebook import read_rules
from caseline.signatures.tokens import SLOT, VARIABLE, Tokenizer

ZEROS = bytes.maketrans(b"123456789", b"0" * 9)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(read_rules().tokens)


def rules_of(tokenizer, text):
    form = tokenizer.form(text.encode().translate(ZEROS))
    return [
        rule or word.replace(VARIABLE, b"<*>").decode()
        for rule, word in zip(form.rules, form.words, strict=True)
    ]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("17", "number"),
        ("-3", "number"),
        ("1,234.5", "number"),
        ("12%", "number"),
        ("250ms", "number"),
        ("16K", "number"),
        ("0x7f3a", "hex"),
        ("8a2a501f", "hex"),
        ("d16d444c-56d8-11d5-882d-0080c847b195", "uuid"),
        ("10.0.0.7", "ip"),
        ("10.0.0.7:8080", "ip"),
        ("10.0.0.0/24", "ip"),
        ("fe80::1ff:fe23:4567:890a", "ip"),
        ("00:11:43:e3:ba:c3", "mac"),
        ("/var/log/app/x.log", "path"),
        (r"C:\Windows\temp\x.log", "path"),
        ("https://example.com/a?b=c&d=1", "url"),
        ("ops@example.com", "email"),
        ("12:30:05.123", "time"),
        ("2026-03-01T12:30:05.123Z", "date"),
        ("2026-03-01 12:30:05,123", "timestamp"),
        ("Sat Mar 14 12:30:05 2026", "date"),
        ("v2.1.0", "version"),
        ("proxy.example.com:5070", "address"),
        ("5.2 KB", "size"),
        ("1,234 bytes (1.20 KB)", "size"),
        ("<email:0123456789abcdef>", "pseudonym"),
        ("container_17_0001_x4", "identifier"),
        ("QUJDRA+jd73jdHbsk38sbHd98sKk==", "base64"),
        ("true", "literal"),
        ("null", "literal"),
    ],
)
def test_value_is_known_by_its_type(tokenizer, value, rule):
    assert rules_of(tokenizer, f"found {value} here") == ["found", rule, "here"]


@pytest.mark.parametrize(
    "word", ["java.io.IOException", "run-parts", "can't", "日本語", "snake_case"]
)
def test_word_without_digits_is_a_word(tokenizer, word):
    assert rules_of(tokenizer, f"found {word} here") == ["found", word, "here"]


@pytest.mark.parametrize("name", ["eth0", "jk0_init", "Slf0jLogger"])
def test_word_with_few_digits_is_a_name(tokenizer, name):
    assert rules_of(tokenizer, f"found {name} here") == ["found", "name", "here"]


def test_names_in_a_row_are_values(tokenizer):
    assert rules_of(tokenizer, "up an1 an2 an3") == ["up", "identifier", "identifier", "identifier"]


def test_names_are_values_on_request(tokenizer):
    assert tokenizer.form(b"via eth0", names=False).rules == ("", "identifier")


def test_key_and_value_are_apart(tokenizer):
    assert rules_of(tokenizer, "uid=7 user=ann") == ["uid", "number", "user", "ann"]


def test_empty_value_has_a_place(tokenizer):
    empty = tokenizer.form(b"ruser= rhost=")
    full = tokenizer.form(b"ruser=ann rhost=bo")

    assert empty.skeleton == full.skeleton
    assert empty.words == (b"ruser", b"", b"rhost", b"")


def test_numbered_name_keeps_its_stem(tokenizer):
    assert rules_of(tokenizer, "node-129 up") == ["node-<*>", "up"]


def test_items_of_a_list_are_values(tokenizer):
    assert rules_of(tokenizer, "profiles are: red, green, blue-7.")[2:] == ["item"] * 3
    assert rules_of(tokenizer, "a dog, a cat") == ["a", "dog", "a", "cat"]
    assert rules_of(tokenizer, "red, green") == ["red", "green"]


def test_empty_quotes_behind_a_key_are_a_value(tokenizer):
    empty, full = tokenizer.form(b'user="" up'), tokenizer.form(b'user="ann" up')

    assert empty.skeleton == full.skeleton
    assert empty.words == (b"user", b"", b"up")


def test_blanks_in_a_row_are_one(tokenizer):
    assert tokenizer.form(b"a  b\t c").skeleton == SLOT + b" " + SLOT + b" " + SLOT


def test_positions_are_those_of_the_text(tokenizer):
    shape = b" boot  (command 0000) of [node-00]"
    form = tokenizer.form(shape)

    cut = [shape[start:end] for start, end in zip(form.starts, form.ends, strict=True)]

    assert cut == [b"boot", b"command", b"0000", b"of", b"node-00"]


def test_every_digit_of_a_shape_stands_in_a_value(tokenizer):
    form = tokenizer.form(b"x0y_000-abc+00:ff(00a)\\00z =00;q00=r")
    literal = bytearray(b"x0y_000-abc+00:ff(00a)\\00z =00;q00=r")
    for start, end, word in zip(form.starts, form.ends, form.words, strict=True):
        if word == VARIABLE or form.rules[form.starts.index(start)] == "name":
            literal[start:end] = b"_" * (end - start)

    assert b"0" not in literal


def test_many_tokens_end_in_one_rest(tokenizer):
    form = tokenizer.form(b"list " + b"word " * 1000)

    assert len(form.words) == read_rules().tokens.most_tokens
    assert form.rules[-1] == "rest"


def test_megabyte_without_a_blank_is_one_value(tokenizer):
    form = tokenizer.form(b"x" * 1_000_000)

    assert (form.rules, form.ends) == (("rest",), [1_000_000])


def test_megabyte_of_words_keeps_its_head(tokenizer):
    form = tokenizer.form(b"failed to parse (" + b"a" * 20_000 + b" 0" * 100 + b")")

    assert form.words[:3] == (b"failed", b"to", b"parse")
    assert form.rules[-1] == "rest"


def test_template_with_marks_gives_its_own_form_back(tokenizer):
    form = tokenizer.form(b"node-\xff took \xff ms, LOCAL(\xff) [\xfd]")

    assert form.words == (
        *(b"node-" + VARIABLE, b"took", VARIABLE, b"ms", b"LOCAL", VARIABLE, VARIABLE),
    )


def test_field_cache_is_bounded(monkeypatch):
    monkeypatch.setattr("caseline.signatures.tokens._MOST_FIELDS_CACHED", 2)
    small = Tokenizer(read_rules().tokens)

    small.form(b"a b c d e")

    assert len(small._fields) <= 2
