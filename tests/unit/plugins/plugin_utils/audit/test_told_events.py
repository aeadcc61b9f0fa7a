# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happened to keys, in the report: which events of whose account, in which words, and what is no history."""

from __future__ import annotations

import html
import json
import re
import typing as t
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import account_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.document import document, read_accounts, to_json
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page import to_html
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.told_events import (
    LONGEST_TEXT,
    NEWEST,
    events_of,
    read_events,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import HistoryRefused
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.sample import (
    ACCOUNT_ID,
    HOSTILE,
    NOW,
    key,
    report,
)

SCHEMA = Path(__file__).parents[5] / "docs/schemas/api-key-audit-2.json"
OTHER = "b" * 32

Data = dict[str, t.Any]


def line(number: int, **words: t.Any) -> Data:
    """What happened so many hours after midnight of a first of May."""
    at = NOW.replace(month=5, hour=0, minute=0) + timedelta(hours=number)
    usual: Data = {
        "id": f"3f9a2c7d/{number}/published/x",
        "what": "published",
        "at": f"{at:%Y-%m-%dT%H:%M:%S+0000}",
        "slot": "deploy",
        "variable": "deploy",
        "slot_id": "3f9a2c7d",
        "generation": number,
        "account_id": ACCOUNT_ID,
        "key_id": f"ApiKey-{number}",
    }
    return {**usual, **words}


def written(folder: Path, *lines: t.Any, name: str = "history.jsonl") -> str:
    path = folder / name
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in lines))
    return str(path)


def page_of(*lines: Data, accounts: int = 1) -> str:
    first = document(account_data(report([key("fine")]), "prod", history=lines))["accounts"]
    if accounts == 1:
        return to_html({**document(account_data(report([key("fine")]), "prod", history=lines))})
    return to_html(document({**account_data(report([]), "test", history=lines), "account_id": OTHER}, first))


def rows_of(page: str) -> list[t.Any]:
    told = re.search('<div id="event-rows" hidden>(.*?)</div>', page, re.DOTALL)
    assert told is not None
    return [json.loads(html.unescape(each)) for each in told[1].splitlines() if each]


def test_the_newest_comes_first_and_each_once_whatever_the_files(tmp_path: Path) -> None:
    first = written(tmp_path, line(2), line(1))
    second = written(tmp_path, line(3), line(2), name="more.jsonl")

    told = events_of(read_events([first, second]), ACCOUNT_ID)

    assert [each["generation"] for each in told["events"]] == [3, 2, 1]
    assert (told["count"], told["since"]) == (3, "2026-05-01T01:00+0000")
    assert told["events"][0] == {
        "at": "2026-05-01T03:00+0000",
        "what": "published",
        "slot": "deploy",
        "generation": 3,
        "key_id": "ApiKey-3",
        **dict.fromkeys(("old_id", "by", "job", "why")),
    }


def test_an_account_has_its_own_events_only(tmp_path: Path) -> None:
    lines = read_events([written(tmp_path, line(1), line(2, account_id=OTHER))])

    assert [each["generation"] for each in events_of(lines, OTHER)["events"]] == [2]
    assert events_of(lines, "c" * 32) == {"count": 0, "since": None, "events": []}


def test_of_many_events_the_newest_are_kept_and_the_others_counted() -> None:
    many = [line(number) for number in range(NEWEST + 50)]

    told = events_of(many, ACCOUNT_ID)
    page = " ".join(page_of(*many).split())

    assert (told["count"], len(told["events"])) == (NEWEST + 50, NEWEST)
    assert told["events"][0]["generation"] == NEWEST + 49
    assert f"the newest {NEWEST} of {NEWEST + 50} events since 2026-05-01; the history has all of them." in page
    assert f"the newest {NEWEST} of" not in " ".join(page_of(*many[:NEWEST]).split())
    assert f">{NEWEST} events since 2026-05-01.<" in page_of(*many[:NEWEST])


def test_a_long_reason_is_cut_and_shows_it() -> None:
    (event,) = events_of([line(1, why="x" * 1000)], ACCOUNT_ID)["events"]

    assert event["why"] == "x" * (LONGEST_TEXT - 1) + "…"


@pytest.mark.parametrize(
    "bad",
    [
        "<<<<<<< HEAD",
        {"id": "x", "at": "2026-05-01T00:00:00+0000"},
        line(2, slot={"a": "s3cret"}),
        line(2, slot=None),
        line(2, what="<script>s3cret</script>"),
        line(2, what=None),
        line(2, generation="s3cret"),
        line(2, generation=True),
        line(2, key_id="s3cret" * 100),
        line(2, key_id="s3cret\nx"),
        line(2, why=["s3cret"]),
        line(2, account_id=None),
        line(2, account_id=["s3cret"]),
        line(2, at="9999-12-31T23:59:00+0000"),
        line(2, at="s3cret"),
    ],
)
def test_a_line_that_is_none_is_told_by_its_number_and_not_quoted(tmp_path: Path, bad: t.Any) -> None:
    path = written(tmp_path, line(1), "", bad)

    with pytest.raises(HistoryRefused) as raised:
        read_events([path])

    assert str(raised.value).startswith(f"line 3 of {path} is no line of a history")
    assert "s3cret" not in str(raised.value)


def test_a_file_that_is_not_there_is_refused_and_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(HistoryRefused, match="cannot be read"):
        read_events([str(tmp_path / "nowhere.jsonl")])


def test_the_page_tells_it_in_words_and_without_a_history_has_no_such_part() -> None:
    page = page_of(line(1, what="rolled_back", old_id="ApiKey-0", by="jane", job="12", why="asked for"), line(2))

    assert rows_of(page)[1] == [
        0,
        "2026-05-01 01:00",
        "gone back to",
        "deploy",
        "ApiKey-1",
        "ApiKey-0",
        "jane",
        "12",
        "asked for",
    ]
    assert "<option>gone back to</option><option>published</option>" in page
    assert '<a href="#events-title">What happened to keys</a>: 2 events' in page
    plain = to_html(document(account_data(report([key("fine")]))))
    assert not any(word in plain for word in ("events-title", "event-rows", "eventRow"))
    assert "nothing that the history tells" in page_of()


def test_each_account_has_its_line_and_its_filter() -> None:
    page = page_of(line(1), line(2), line(3, account_id=OTHER), accounts=2)

    assert "prod: 2 events since" in page
    # Its report is about the account of the sample, before it gets another id.
    assert "test: 2 events since" in page
    assert '<select id="events-account">' in page
    assert [row[:2] for row in rows_of(page)][:2] == [[0, "2026-05-01 02:00"], [1, "2026-05-01 02:00"]]


def test_a_hostile_text_is_shown_as_text() -> None:
    told = line(1, slot=HOSTILE, by=HOSTILE, job=HOSTILE, why=HOSTILE, old_id="<script>alert(1)</script>")

    page = page_of(told)

    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert [text.startswith("<script>alert(1)</script>") for text in rows_of(page)[0][5:]] == [True] * 4
    # What the script makes of a row is what its JSON says, not what stands in the page.
    assert all(character.isprintable() for text in rows_of(page)[0][1:] for character in text)


def test_the_document_has_the_published_shape_and_is_read_again() -> None:
    found = document(account_data(report(), history=[line(1, old_id="ApiKey-0"), line(2, why="due")]))
    text = to_json(found)

    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert read_accounts(text) == found["accounts"]


def test_a_folder_in_which_somebody_changed_an_event_is_refused() -> None:
    found = document(account_data(report(), history=[line(1)]))
    found["accounts"][0]["history"]["events"][0]["what"] = "</script>"

    with pytest.raises(ValueError, match="no report"):
        read_accounts(to_json(found))


@pytest.mark.parametrize("count", [3, -1])
def test_a_count_without_a_first_event_is_no_end_of_the_page(count: int) -> None:
    """What lies in a folder was written by who knows whom."""
    found = document(account_data(report(), history=[]))
    found["accounts"][0]["history"]["count"] = count

    assert "nothing that the history tells" in to_html({**found, "accounts": read_accounts(to_json(found))})


def test_twenty_accounts_with_many_events_make_a_page_that_can_be_used() -> None:
    """Beside 40,000 keys, which are seven megabytes, so that the whole stays below ten."""
    uuid = "3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b"
    words = {"key_id": f"ApiKey-{uuid}", "old_id": f"ApiKey-{uuid}", "by": "a.operator@example.com", "job": "123456"}
    lines = [line(number, why="generation 2 exists: prove it and publish it", **words) for number in range(3_000)]
    one = document(account_data(report([]), "prod", history=lines))
    many = {**one, "accounts": [{**one["accounts"][0], "name": f"account-{number}"} for number in range(20)]}

    page = to_html(many)

    assert len(rows_of(page)) == 20 * NEWEST
    assert len(page.encode()) < 2_000_000
