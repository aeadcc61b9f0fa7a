# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes into a report is read back by real readers: GitHub's parser of Markdown and another, HTML's, csv."""

from __future__ import annotations

import csv
import io
import json
import re
import typing as t
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree

import cmarkgfm
import html5lib
import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_csv import to_csv
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import account_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_markdown import to_markdown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import audit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.document import document, read_accounts, to_json
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.exceptions import Exemption
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page import to_html
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import AuditPolicy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.slots_block import first_slots, rotatable
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import (
    for_commit,
    for_csv,
    for_markdown,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.sample import NOW, USER, key
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.out.hostile import ANY_TEXTS, PIECES, TEXTS
from hypothesis import example, given, settings
from markdown_it import MarkdownIt

GFM = MarkdownIt("gfm-like")
HTML = "{http://www.w3.org/1999/xhtml}"


def keys_of(name: str, owner: str, reason: str) -> list[KeyFacts]:
    return [
        key("1", name=name, owner_name=owner, description=reason, id=f"ApiKey-{name}", age_days=200, owner_id=USER),
        key("2", name=name, owner_name=owner, age_days=300, id="ApiKey-2"),
    ]


def report(name: str, owner: str, reason: str) -> dict[str, t.Any]:
    """A report on two accounts, and one that is missing, in which everything that is not ours is one of these."""
    keys = keys_of(name, owner, reason)
    answered_for = [
        Exemption("ApiKey-2", owner, reason, date(2027, 1, 1), frozenset({"too_old"})),
        Exemption("gone", owner, reason, date(2027, 1, 1)),
        Exemption("ApiKey-2", owner, reason, date(2020, 1, 1), frozenset({"twin"})),
    ]
    found = audit(f"id of {name}", keys, AuditPolicy(), answered_for, NOW, not_checked=[f"one entry, because {reason}"])
    earlier = document(account_data(replace(found, made_at=NOW - timedelta(days=9)), f"1{owner}"))["accounts"]
    mended = document(account_data(replace(found, rows=found.rows[1:]), f"1{owner}"), earlier)["accounts"]
    other = account_data(replace(found, account_id=f"another of {name}"), f"2{owner}")
    return document(other, mended, [f"1{owner}", f"2{owner}", f"3{reason}"])


PLAIN = report("name", "owner", "reason")


def markdown_outside_code(tokens: t.Iterable[t.Any]) -> t.Iterator[str]:
    for token in tokens:
        if token.type in {"code_inline", "code_block"}:
            continue
        yield f"{token.type}:{token.content if token.type == 'text' else ''}"
        yield from markdown_outside_code(token.children or [])


def shape_of(page: ElementTree.Element, text_in: t.Container[str]) -> list[str]:
    """The elements of a page with their attributes, in order, and the text of those whose text is ours."""
    return [
        f"{each.tag} {sorted(each.attrib.items())} {(each.text or '') if each.tag in text_in else ''}"
        for each in page.iter()
        if isinstance(each.tag, str)
    ]


@settings(deadline=None)
@given(name=ANY_TEXTS, owner=ANY_TEXTS, reason=ANY_TEXTS)
@example(name="{{ x }}", owner="a|b`c", reason="@team #12 https://a.b")
def test_a_report_in_markdown_has_nothing_live_but_what_is_ours(name: str, owner: str, reason: str) -> None:
    text = to_markdown(report(name or "x", owner or "x", reason or "x"))

    assert list(markdown_outside_code(GFM.parse(text))) == list(markdown_outside_code(GFM.parse(to_markdown(PLAIN))))
    assert "{{" not in re.sub('id: "{{ item }}"', "", text)


@settings(deadline=None)
@given(name=ANY_TEXTS, owner=ANY_TEXTS, reason=ANY_TEXTS)
@example(name="a `b` *c* [d](https://e.f)", owner="<b>@team</b>", reason="a|b &amp; #12")
def test_github_s_own_parser_shows_the_names_as_they_are(name: str, owner: str, reason: str) -> None:
    made = report(name or "x", owner or "x", reason or "x")
    page = html5lib.parse(cmarkgfm.github_flavored_markdown_to_html(to_markdown(made)))
    plain = html5lib.parse(cmarkgfm.github_flavored_markdown_to_html(to_markdown(PLAIN)))

    assert shape_of(page, set()) == shape_of(plain, set())
    for code in page.iter(f"{HTML}code"):
        code.text = ""
    assert not re.search(r"@|#|GH-|https?:|www\.", "".join(page.itertext()))


@pytest.mark.parametrize("text", PIECES)
def test_a_cell_of_a_table_is_one_span_of_code(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {for_markdown(text)} | {for_markdown(text)} |\n"

    cells = html5lib.parse(cmarkgfm.github_flavored_markdown_to_html(table)).findall(f".//{HTML}td")

    assert [[child.tag for child in cell] for cell in cells] == [[f"{HTML}code"]] * 2
    assert all(not (cell.text or "").strip() and not (cell[0].tail or "").strip() for cell in cells)
    assert shown(text).replace("`", "").replace("|", "").split("{")[0].strip() in (cells[0][0].text or "").replace(
        "\\x60", ""
    ).replace("\\x7c", "").replace("\\x7b", "")


@settings(deadline=None, max_examples=50)
@given(name=ANY_TEXTS, owner=ANY_TEXTS, reason=ANY_TEXTS)
@example(name="</div></script><b>x", owner="<img src=x>", reason="<i>\u202ex")
def test_a_page_has_the_same_elements_whatever_the_names_are(name: str, owner: str, reason: str) -> None:
    made = report(name or "x", owner or "x", reason or "x")
    slots = first_slots(rotatable(keys_of(name or "x", owner or "x", reason or "x"), USER))
    text = to_html(made, slots or "# none")

    page = html5lib.parse(text)

    ours = {f"{HTML}script", f"{HTML}style"}
    assert shape_of(page, ours) == shape_of(html5lib.parse(to_html(PLAIN, "slots")), ours)
    assert text.replace("\n", "").isprintable()
    (rows,) = (each.text or "" for each in page.iter(f"{HTML}div") if each.get("id") == "rows")
    told = [json.loads(line) for line in rows.splitlines() if line]
    assert {row[3] for row in told} == {shown(name or "x")}


@settings(deadline=None)
@given(name=ANY_TEXTS, owner=ANY_TEXTS, reason=ANY_TEXTS)
def test_a_sheet_has_a_cell_for_each_text_and_no_formula(name: str, owner: str, reason: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(report(name, owner, reason)), newline="")))

    assert [len(row) for row in rows] == [13] * 4
    assert {row[3] for row in rows[1:]} == {for_csv(name)}
    assert {row[0] for row in rows[1:]} == {for_csv(f"1{owner}"), for_csv(f"2{owner}")}
    # Where a semicolon separates, each line is taken apart in another way.
    for separator in ",;":
        found = csv.reader(io.StringIO(to_csv(report(name, owner, reason)), newline=""), delimiter=separator)
        assert [cell for row in found for cell in row if is_formula(cell)] == []


@pytest.mark.parametrize("text", ["a;=1+1", "a;-1", "a,@x"])
def test_a_formula_behind_a_separator_is_text(text: str) -> None:
    assert for_csv(text) == f"{text[:2]}'{text[2:]}"


def is_formula(cell: str) -> bool:
    """As the strictest spreadsheet sees it: blanks and quotes before it do not count."""
    return cell.lstrip(' "').startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


@settings(deadline=None)
@given(name=ANY_TEXTS, owner=ANY_TEXTS, reason=ANY_TEXTS)
def test_the_json_shows_all_and_has_the_texts_as_they_are(name: str, owner: str, reason: str) -> None:
    text = to_json(report(name, owner, reason))

    assert text.replace("\n", "").isprintable()
    told = [each for account in read_accounts(text) for each in account["keys"]]
    assert {(each["name"], each["owner_name"]) for each in told} == {(name, owner)}


@given(text=TEXTS)
def test_a_plain_text_is_shown_as_it_is(text: str) -> None:
    if re.fullmatch(r"[\w .()/:-]+", text) and text.isascii() and not text.lstrip().startswith("-"):
        assert for_csv(text) == text
        assert for_markdown(text) == f"`{text}`"


@pytest.mark.parametrize("text", PIECES)
def test_a_line_of_a_commit_gives_no_order(text: str) -> None:
    line = for_commit(f"a {text} b")

    assert line.isprintable()
    assert not re.search(r"\[|\]|@|#|://|(?i:gh-[0-9])", line)


def test_a_line_of_a_commit_keeps_a_plain_name() -> None:
    assert for_commit("ci-deploy: prod (eu)/gh-pages") == "ci-deploy: prod (eu)/gh-pages"
