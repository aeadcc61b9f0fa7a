# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as people use it: sort, search, filter, by mouse and by keyboard, on a desk and on a phone, on paper."""

from __future__ import annotations

import os
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import account_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.document import document
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.page import to_html
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.sample import (
    ACCOUNT_ID,
    HOSTILE,
    account,
    key,
    report,
)

from .conftest import Watched
from .contrast import contrast

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/unit/plugins/plugin_utils/audit/golden/api-keys.html"
SAMPLE = ROOT / ".build/report/api-keys.html"
PICTURES = ROOT / "docs/pictures"
COUNT = len(account())
AGE = 3


def shown_names(page: t.Any) -> list[str]:
    """The names in the rows that are shown, in their order."""
    cells = "rows => rows.filter(row => !row.hidden).map(row => row.cells[1].firstChild.textContent)"
    names: list[str] = page.eval_on_selector_all("#keys tbody tr", cells)
    return names


def ages(page: t.Any) -> list[int]:
    texts = page.eval_on_selector_all("#keys tbody tr", f"rows => rows.map(row => row.cells[{AGE}].textContent)")
    return [int(text.split()[0]) for text in texts]


def test_the_page_asks_for_nothing_and_complains_about_nothing(watched: Watched) -> None:
    page = watched.show(GOLDEN)

    assert len(shown_names(page)) == COUNT
    assert page.inner_text("#shown") == f"{COUNT} of {COUNT} keys"
    watched.check(GOLDEN)


def test_a_hostile_name_is_text_and_nothing_else(watched: Watched) -> None:
    page = watched.show(GOLDEN)

    assert any("<script>alert(1)</script>" in name for name in shown_names(page))
    assert page.eval_on_selector_all("#keys script", "found => found.length") == 0
    watched.check(GOLDEN)


def test_a_search_shows_the_rows_with_all_its_words(watched: Watched) -> None:
    page = watched.show(GOLDEN)
    page.fill("#search", "TWIN ci-deploy")

    assert shown_names(page) == ["twin", "twin"]
    assert page.inner_text("#shown") == f"2 of {COUNT} keys"
    page.fill("#search", "")
    assert len(shown_names(page)) == COUNT
    watched.check(GOLDEN)


@pytest.mark.parametrize(("severity", "count"), [("high", 5), ("low", 1), ("none", 4)])
def test_a_filter_shows_one_severity(watched: Watched, severity: str, count: int) -> None:
    page = watched.show(GOLDEN)
    page.select_option("#severity", severity)

    assert len(shown_names(page)) == count


def test_a_filter_shows_one_kind_of_owner(watched: Watched) -> None:
    page = watched.show(GOLDEN)
    page.select_option("#kind", "user")

    assert len(shown_names(page)) == 2


def test_a_column_is_sorted_up_and_then_down_and_says_so(browser: t.Any) -> None:
    page = browser.new_page()
    page.goto(GOLDEN.as_uri())
    page.click("#keys th button:text('Age')")
    assert ages(page) == sorted(ages(page))
    assert page.get_attribute("#keys th:nth-child(4)", "aria-sort") == "ascending"

    page.click("#keys th button:text('Age')")
    assert ages(page) == sorted(ages(page), reverse=True)
    assert page.get_attribute("#keys th:nth-child(4)", "aria-sort") == "descending"
    page.close()


def test_severities_are_sorted_by_their_weight(browser: t.Any) -> None:
    page = browser.new_page()
    page.goto(GOLDEN.as_uri())
    page.click("#keys th button:text('Severity')")
    page.click("#keys th button:text('Severity')")
    classes = page.eval_on_selector_all("#keys tbody tr", "rows => rows.map(row => row.className)")

    assert list(dict.fromkeys(classes)) == ["none", "low", "medium", "high"]
    page.close()


def test_everything_can_be_done_by_keyboard(browser: t.Any) -> None:
    page = browser.new_page()
    page.goto(GOLDEN.as_uri())
    page.focus("#search")
    page.keyboard.type("twin")
    assert shown_names(page) == ["twin", "twin"]
    page.focus("summary")
    page.keyboard.press("Enter")
    assert page.get_attribute("details", "open") is not None
    page.focus("#keys th:nth-child(4) button")
    page.keyboard.press("Enter")
    assert page.get_attribute("#keys th:nth-child(4)", "aria-sort") == "ascending"
    page.close()


def test_nothing_is_wider_than_the_screen(watched: Watched) -> None:
    page = watched.show(GOLDEN)

    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_paper_shows_every_row_and_what_to_do(browser: t.Any) -> None:
    page = browser.new_page()
    page.goto(GOLDEN.as_uri())
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")

    assert not page.is_visible("form")
    assert page.is_visible("details pre")
    assert len(page.pdf()) > 10_000
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(browser: t.Any, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1."""
    page = browser.new_page(color_scheme=scheme)
    page.goto(GOLDEN.as_uri())
    colours = page.evaluate(
        """() => ["ink", "soft", "high", "medium", "low", "link"].map(name => {
            const probe = document.createElement("p"); document.body.append(probe);
            probe.style.color = `var(--${name})`; probe.style.backgroundColor = "var(--paper)";
            const style = getComputedStyle(probe);
            return [name, style.color, style.backgroundColor].map(text => text.match(/[0-9]+/g)?.map(Number) ?? text);
        })"""
    )

    assert {name: contrast(front, back) for name, front, back in colours if contrast(front, back) < 4.5} == {}
    page.close()


def test_a_page_of_ten_thousand_keys_can_be_used(browser: t.Any, tmp_path: Path) -> None:
    many = [key(f"{number:08x}-4b5a", name=f"deploy-{number}", age_days=number % 400) for number in range(10_000)]
    file = tmp_path / "large.html"
    file.write_text(to_html(document(account_data(report(many)))), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())

    started = time.monotonic()
    page.fill("#search", "deploy-99")
    assert len(shown_names(page)) == 111
    page.click("#keys th button:text('Age')")
    page.fill("#search", "")
    assert ages(page) == sorted(ages(page))
    assert page.inner_text("#shown") == "10000 of 10000 keys, the first 200 shown"
    page.click("#more")
    assert len(shown_names(page)) == 1_200

    assert time.monotonic() - started < 30
    page.close()


def test_accounts_are_told_apart_and_filtered(watched: Watched, tmp_path: Path) -> None:
    first = document(account_data(report([key("one", age_days=100)]), "prod"))["accounts"]
    other = account_data(report([key("two")]), "test") | {"account_id": "b" * 32}
    file = tmp_path / "two.html"
    file.write_text(to_html(document(other, first, ["prod", "test", "lost"])), encoding="utf-8")
    page = watched.show(file)
    page.select_option("#account", label="test")

    assert shown_names(page) == ["two"]
    assert "lost" in page.inner_text(".alarm")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    watched.check(file)


def event(number: int, **words: t.Any) -> dict[str, t.Any]:
    """The line of a history."""
    uuid = f"{number:08x}-4b5a-6978-8a9b-0c1d2e3f4a5b"
    usual = {
        "id": f"3f9a2c7d/{number}",
        "what": "published",
        "slot": "deploy",
        "generation": number,
        "by": "jane",
        "job": "123456",
    }
    ids = {"account_id": ACCOUNT_ID, "key_id": f"ApiKey-{uuid}", "old_id": f"ApiKey-0{uuid[1:]}"}
    return {
        **usual,
        **ids,
        "at": f"2026-05-{number % 28 + 1:02}T09:15:00+0000",
        "why": "generation 2 exists: prove it and publish it",
        **words,
    }


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A page with 200 events, one of which is hostile and the newest."""
    hostile = event(999, at="2026-05-31T09:15:00+0000", what="deleted", slot=HOSTILE, why=HOSTILE, by=HOSTILE)
    file = tmp_path / "history.html"
    lines = [*(event(number) for number in range(400)), hostile]
    file.write_text(to_html(document(account_data(report([key("fine")]), "prod", history=lines))), encoding="utf-8")
    return file


def shown_events(page: t.Any) -> list[list[str]]:
    rows: list[list[str]] = page.eval_on_selector_all(
        "#events tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows


def test_events_are_searched_and_filtered_without_touching_the_keys(watched: Watched, history: Path) -> None:
    page = watched.show(history)

    assert page.inner_text("#events-shown") == "200 of 200 events"
    assert shown_events(page)[0][0] == "2026-05-31 09:15"
    page.select_option("#events-what", "deleted")
    (row,) = shown_events(page)
    assert row[1].startswith("<script>alert(1)</script>")
    assert page.inner_text("#shown") == "1 of 1 keys"
    page.select_option("#events-what", "")
    page.fill("#events-search", "0000018f JANE")
    (row,) = shown_events(page)
    assert "ApiKey-0000018f" in row[3]
    watched.check(history)


def test_events_are_sorted_and_the_page_stays_as_wide_as_the_screen(watched: Watched, history: Path) -> None:
    page = watched.show(history)
    page.eval_on_selector("#events th button", "one => one.click()")
    times = [row[0] for row in shown_events(page)]

    assert times == sorted(times)
    assert page.get_attribute("#events th", "aria-sort") == "ascending"
    assert page.get_attribute("#keys th", "aria-sort") is None
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_slot_and_an_id_of_an_event_break_at_hyphens_only(watched: Watched, history: Path) -> None:
    page = watched.show(history)
    page.select_option("#events-what", "published")
    lines = """() => [...document.querySelectorAll("#events :is(.id, td:nth-child(2))")].slice(5, 20).flatMap(one => {
        const text = one.firstChild, range = document.createRange(), lines = [];
        for (let at = 0; at < text.length; at++) {
            range.setStart(text, at); range.setEnd(text, at + 1);
            const top = Math.round(range.getBoundingClientRect().top);
            if (lines.at(-1)?.top !== top) lines.push({top, text: ""});
            lines.at(-1).text += text.data[at];
        }
        return lines.slice(0, -1).map(line => line.text);
    })"""

    assert [line for line in page.evaluate(lines) if not line.endswith("-")] == []


def test_paper_has_the_events_too(browser: t.Any, history: Path) -> None:
    page = browser.new_page()
    page.goto(history.as_uri())
    page.emulate_media(media="print")

    assert not page.is_visible("#events-search")
    assert page.is_visible("#events tbody tr")
    page.close()


@pytest.mark.parametrize(("name", "width", "height"), [("wide", 1280, 900), ("narrow", 390, 844)])
def test_the_report_of_the_sample_account_has_its_picture(browser: t.Any, name: str, width: int, height: int) -> None:
    """With PICTURES=write in the environment the pictures in docs/pictures are made anew."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(SAMPLE.as_uri())

    taken = page.screenshot()

    assert page.inner_text("h1").startswith("API keys of account")
    if os.environ.get("PICTURES") == "write":
        (PICTURES / f"audit-{name}.png").write_bytes(taken)
    assert (PICTURES / f"audit-{name}.png").exists()
    page.close()
