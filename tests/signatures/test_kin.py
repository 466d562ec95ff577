"""Rows of which several columns vary at once."""

from __future__ import annotations

import itertools

import pytest

from caseline.signatures.mining import mine_messages

NAMES = ("ann", "bob", "cyd", "dot", "eve", "fay")
HOSTS = ("alpha", "beta", "gamma", "delta", "omega", "kappa")


def templates(messages):
    mined = mine_messages(list(messages))
    return {mined.templates[name] for name in mined.signature_ids}


def test_columns_that_vary_together_are_variables():
    messages = [
        f"server {host} refused the certificate of client {name}"
        for name, host in zip(NAMES[:4], HOSTS[:4], strict=True)
    ]

    assert templates(messages) == {"server <*> refused the certificate of client <*>"}


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))][::5])
def test_order_has_no_effect(order):
    messages = [
        f"worker {NAMES[n]} took the lease of queue {HOSTS[n]} in region {HOSTS[n + 1]}"
        for n in order
    ]

    assert templates(messages) == {"worker <*> took the lease of queue <*> in region <*>"}


def test_two_statements_stay_apart_though_their_values_vary():
    messages = [
        f"Failed password {way} for user {name} on host {host}"
        for way in ("check", "check for invalid")
        for name, host in zip(NAMES, HOSTS, strict=True)
    ]

    assert len(templates(messages)) == 2


@pytest.mark.parametrize(
    ("verbs", "words"),
    [
        (("moved", "added", "removed"), ("into", "to", "from")),
        (("starting", "stopping", "loading"), ("with", "without", "after")),
    ],
)
def test_words_that_state_something_are_no_values(verbs, words):
    messages = [
        f"the entry was {verb} {word} the list of known hosts"
        for verb, word in zip(verbs, words, strict=True)
    ]

    assert len(templates(messages)) == 3


def test_verbs_in_one_place_are_no_values():
    verbs = ("Started", "Paused", "Resumed", "Stopped", "Suspended")
    messages = [f"machine {n} {verb} by the host" for verb in verbs for n in range(3)]

    assert len(templates(messages)) == len(verbs)


def test_few_rows_are_no_kin():
    messages = [
        f"server {host} refused the certificate of client {name}"
        for name, host in zip(NAMES[:2], HOSTS[:2], strict=True)
    ]

    assert len(templates(messages)) == 2


def test_values_in_pairs_are_looked_at_together():
    messages = [
        f'limiting requests, client: 10.0.0.{n}, server: {HOSTS[n % 3]}, host: "{NAMES[n % 4]}"'
        for n in range(12)
    ]

    assert len(templates(messages)) == 1


def test_names_with_a_number_and_without_stand_in_one_column():
    messages = [f"node {name} left the ring" for name in ("ann", "bob-7", "cyd-12", "dot_3")]

    assert templates(messages) == {"node <*> left the ring"}


def test_values_of_a_template_cover_several_fields():
    messages = [
        *(f"job {n} of node-{n} sent to {n}.0.0.1 failed" for n in range(3)),
        "job a7/b of {c:7} sent to 1.0.0.1 failed",
    ]

    assert len(templates(messages)) <= 2
