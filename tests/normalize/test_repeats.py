def test_repetition_stands_for_the_message_of_its_host(read):
    records = read(
        "Nov 23 10:00:00 web-1 su[1]: denied 7\n"
        "Nov 23 10:00:01 web-2 cron[1]: ran\n"
        "Nov 23 10:00:02 web-1 last message repeated 50 times\n"
    )
    assert (records[2]["message"], records[2]["repeats"]) == (b"denied 7", 50)
    assert records[2]["service"] == "su"
    assert records[0]["repeats"] == 1


def test_repetition_reaches_into_the_block_before(feed):
    batches = feed(
        b"Nov 23 10:00:00 web-1 su[1]: denied 7\nNov 23 10:00:00 web-2 su[1]: ok\n",
        b"Nov 23 10:00:02 web-1 last message repeated 5 times\n",
        b"Nov 23 10:00:02 web-2 last message repeated 6 times\n",
    )
    found = [row for batch in batches for row in batch.frame.iter_rows(named=True)]
    assert [(r["message"], r["repeats"]) for r in found[2:]] == [(b"denied 7", 5), (b"ok", 6)]
    for batch in batches:
        for row in batch.frame.iter_rows(named=True):
            assert batch.shapes[row["shape"]] == row["message"].replace(b"7", b"0")


def test_repetition_of_nothing_known_stays_as_it_is(read):
    (record,) = read("Nov 23 10:00:02 web-1 last message repeated 5 times\n")
    assert record["repeats"] == 1
    assert record["message"] == b"last message repeated 5 times"


def test_repetition_that_quotes_the_message(read):
    (record,) = read("Nov 23 10:00:02 web-1 app[1]: message repeated 5 times: [ disk is slow]\n")
    assert (record["message"], record["repeats"]) == (b"disk is slow", 5)


def test_two_repetitions_in_a_row_repeat_the_same(read):
    records = read(
        "Nov 23 10:00:00 web-1 su[1]: denied\n"
        "Nov 23 10:00:02 web-1 last message repeated 2 times\n"
        "Nov 23 10:00:04 web-1 last message repeated 3 times\n"
    )
    assert [r["repeats"] for r in records] == [1, 2, 3]
    assert {r["message"] for r in records} == {b"denied"}
