from __future__ import annotations

from caseline.privacy import finding
from caseline.privacy.finding import Finder
from caseline.privacy.rules import shipped_rules
from caseline.privacy.scrubber import Scrubber


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(finding, "_REMEMBERED", 2)
    scrubber = Scrubber(b"0123456789abcdef")
    finder = Finder(shipped_rules())
    finder.slots([b"a@example.com", b"b@example.com", b"c@example.com"])
    assert finder.forget_if_full()
    assert not finder.forget_if_full()
    once = scrubber.scrub_text("a@example.com", customer="c")
    assert scrubber.scrub_text("a@example.com", customer="c") == once


def test_hits_that_overlap_are_one_of_the_first_rules_kind():
    finder = Finder(shipped_rules())
    (hit,) = finder.hits(b"password=first@example.com")
    assert (hit.kind, hit.start, hit.end) == ("secret", 9, 26)


def test_credentials_in_an_address_do_not_swallow_its_host():
    finder = Finder(shipped_rules())
    text = b"https://svc:pass@db.example.com/x"
    (hit,) = finder.hits(text)
    assert text[hit.start : hit.end] == b"svc:pass"


def test_a_pseudonym_is_no_hit_but_what_is_glued_to_it_is():
    finder = Finder(shipped_rules())
    kept = b"password=<secret:0000000000000001>"
    assert finder.hits(kept) == []
    text = kept + b"rest"
    (hit,) = finder.hits(text)
    assert text[hit.start : hit.end] == b"rest"


def test_a_colour_is_not_glued_to_what_it_colours():
    finder = Finder(shipped_rules())
    for value in (b"GB82WEST12345698765432", b"+49 30 9018200", b"AKIAQX7EXAMPLE3KEY55"):
        text = b"\x1b[31m" + value + b"\x1b[0m"
        (hit,) = finder.hits(text)
        assert text[hit.start : hit.end] == value
