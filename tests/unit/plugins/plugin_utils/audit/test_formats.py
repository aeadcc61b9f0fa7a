# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report in each format: what stands in it, and that nothing from the cloud gets a life of its own.

The golden files are written anew with `GOLDEN=write` in the environment; look at the difference before it is committed.
"""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import time
import typing as t
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_csv import to_csv
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import account_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_markdown import to_markdown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.document import document, to_json
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page import to_html
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.slots_block import (
    first_slots,
    rotatable,
    slots_block,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_csv
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.sample import (
    USER,
    account,
    key,
    report,
)

GOLDEN = Path(__file__).with_name("golden")
SCHEMA = Path(__file__).parents[5] / "docs/schemas/api-key-audit-2.json"


def slots() -> str:
    return slots_block(rotatable(account(), USER))


def found() -> dict[str, t.Any]:
    return document(account_data(report()))


MAKERS: dict[str, t.Callable[[], str]] = {
    "api-keys.html": lambda: to_html(found(), slots()),
    "api-keys.json": lambda: to_json(found()),
    "api-keys.md": lambda: to_markdown(found()),
    "api-keys.csv": lambda: to_csv(found()),
    "slots.yml": slots,
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_format_is_as_it_was(name: str) -> None:
    text = MAKERS[name]()
    if os.environ.get("GOLDEN") == "write":
        (GOLDEN / name).write_bytes(text.encode())

    assert text.encode() == (GOLDEN / name).read_bytes()


def test_the_json_has_the_published_shape() -> None:
    jsonschema.validate(json.loads(to_json(found())), json.loads(SCHEMA.read_text(encoding="utf-8")))


class Page(HTMLParser):
    """Collects the elements of a page and what they refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in {"src", "href", "action", "srcset", "data"}]
        self.handlers += [name for name, _value in attrs if name.startswith("on")]


def test_the_page_refers_to_nothing_and_runs_only_its_own_script() -> None:
    page = Page(MAKERS["api-keys.html"]())

    assert page.references == ["data:,"]
    assert page.handlers == []
    assert page.tags.count("script") == 1
    assert len(rows_of(MAKERS["api-keys.html"]())) == len(account())


def rows_of(text: str) -> list[t.Any]:
    """What the page's own script reads."""
    told = re.search('<div id="rows" hidden>(.*?)</div>', text, re.DOTALL)
    assert told is not None
    return [json.loads(html.unescape(line)) for line in told[1].splitlines() if line]


def test_a_hostile_name_is_shown_on_the_page_as_text() -> None:
    text = MAKERS["api-keys.html"]()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert any(row[3].startswith("<script>alert(1)</script>") for row in rows_of(text))
    assert "<script>alert" not in text
    assert "\u202e" not in text


def test_no_cell_of_the_csv_is_a_formula_and_every_row_is_whole() -> None:
    rows = list(csv.reader(io.StringIO(MAKERS["api-keys.csv"](), newline="")))

    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert {len(row) for row in rows} == {13}


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@x", " =cmd()", "\t=x", "\uff1d1"])
def test_a_formula_is_defused(text: str) -> None:
    assert not for_csv(text).startswith(("=", "+", "-", "@", " ", "\t", "\uff1d"))


def test_slots_are_what_the_rotation_takes_and_no_name_comes_twice() -> None:
    keys = [key("a", name="deploy!"), key("b", name="deploy?"), key("c", name="東京"), key("d", name="1st")]

    made = yaml.safe_load(slots_block(rotatable(keys, USER)))["rotate_api_keys_slots"]

    names = [slot["name"] for slot in made]
    assert len(set(names)) == 4
    assert all(name.isidentifier() and name.isascii() for name in names)
    assert {slot["service_id"] for slot in made} == {"ServiceId-3f0c1d2e"}


def test_no_slot_is_proposed_for_what_the_caller_cannot_rotate() -> None:
    keys = [
        key("colleagues", owner_id="IBMid-2"),
        key("own", owner_id=USER),
        key("off", disabled=True),
        key("blank", name=" "),
    ]

    assert [each.name for each in rotatable(keys, USER)] == ["own"]


def test_a_large_account_makes_a_page_of_reasonable_size_in_reasonable_time() -> None:
    many = [
        key(f"{number:08x}-4b5a-6978-8a9b-0c1d2e3f4a5b", name=f"deploy-{number}", age_days=number % 400)
        for number in range(10_000)
    ]
    started = time.process_time()

    text = to_html(document(account_data(report(many))))

    assert time.process_time() - started < 10
    # A page of 40,000 keys is to be below ten megabytes.
    assert len(text.encode()) < 2_500_000


def test_what_a_job_shows_of_many_slots_is_short_and_says_so() -> None:
    keys = rotatable([key(f"k{number:03}") for number in range(50)], USER)

    shown = first_slots(keys)

    assert len(yaml.safe_load(shown)["rotate_api_keys_slots"]) == 20
    assert "# and 30 more" in shown
    assert "more:" not in first_slots(keys[:20])
    assert first_slots([]) == ""
