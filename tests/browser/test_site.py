# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documentation site as people read it: on a desk and on a phone, in light and dark, without a network."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import rotation_diagram

from .conftest import NARROW, WIDE, Watched
from .contrast import contrast

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / ".build/docs/html"
PAGES = sorted(str(page.relative_to(SITE)) for page in SITE.rglob("*.html"))
GUIDES = [path.stem for path in (ROOT / "docs").glob("[a-z]*.md")]
# What a page says: paragraphs, cells, code and its colours, links, the menu, the first words of a box.
TEXTS = """() => [...document.querySelectorAll("article *, .sidebar-tree a, .sidebar-brand-text")].flatMap(one => {
    const words = [...one.childNodes].filter(node => node.nodeType === 3 && node.textContent.trim());
    if (!words.length || !one.getClientRects().length || one.closest("svg, .headerlink, .ansibleOptionLink")) return [];
    let behind = one;
    while (behind && getComputedStyle(behind).backgroundColor.startsWith("rgba")) behind = behind.parentElement;
    const colours = [getComputedStyle(one).color, getComputedStyle(behind ?? document.body).backgroundColor];
    return [[words[0].textContent.trim().slice(0, 40), ...colours.map(text => text.match(/[0-9.]+/g).map(Number))]];
})"""


@pytest.fixture(scope="module", autouse=True)
def _site_is_built() -> None:
    assert PAGES, "make docs builds it"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_screen_and_complains_about_nothing(watched: Watched, name: str) -> None:
    page = watched.show(SITE / name)

    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert [url for url in watched.requests if not url.startswith(("file:", "data:"))] == []
    assert watched.complaints == []
    assert page.locator(".contents.local, .system-message, .problematic").count() == 0


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off_that_cannot_be_scrolled_to(watched: Watched, name: str) -> None:
    """A block of code and a wide table may be scrolled by themselves."""
    page = watched.show(SITE / name)
    beyond = """() => [...document.querySelectorAll("article :is(p, li, td, img, h1, h2)")]
        .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .filter(one => !one.closest("pre, .highlight, .table-wrapper")).map(one => one.textContent.slice(0, 60))"""

    assert page.evaluate(beyond) == []


@pytest.mark.parametrize("name", ["index.html", "awx.html"])
def test_the_menu_leads_to_every_guide_and_to_the_reference(watched: Watched, name: str) -> None:
    page = watched.show(SITE / name)
    if page.is_visible("label[for='__navigation']"):
        page.click("label[for='__navigation'] >> visible=true")
    page.wait_for_selector(".sidebar-tree a >> visible=true")
    links: list[str] = page.eval_on_selector_all(".sidebar-tree a", "all => all.map(one => one.href.split('#')[0])")

    assert page.is_visible("input[name=q]")
    targets = {Path(link.removeprefix("file://")) for link in links}
    assert {SITE / f"{guide}.html" for guide in GUIDES} <= targets
    assert SITE / "reference/index.html" in targets
    assert [target for target in targets if not target.exists()] == []


def test_a_search_finds_an_option(watched: Watched) -> None:
    page = watched.show(SITE / "search.html")
    page.goto((SITE / "search.html").as_uri() + "?q=settle_seconds")
    page.wait_for_selector("#search-results li a")

    assert page.locator("#search-results li").count() > 1


def test_a_search_finds_the_page_of_a_playbook(watched: Watched) -> None:
    page = watched.show(SITE / "search.html")
    page.goto((SITE / "search.html").as_uri() + "?q=revoke_leaked_proof_seconds")
    page.wait_for_selector("#search-results li a")
    links = page.eval_on_selector_all("#search-results li a", "all => all.map(one => one.getAttribute('href'))")

    assert any(link.startswith("playbooks/revoke_leaked.html") for link in links)


def test_the_first_page_shows_a_run_and_what_a_terminal_shows_needs_no_scrolling(watched: Watched) -> None:
    page = watched.show(SITE / "index.html")
    run = page.locator(".highlight-console pre").first

    assert "deploy_api_key: intend (the key is older than 90 days)" in run.inner_text()
    assert run.bounding_box()["y"] < 900
    assert run.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_each_playbook_has_its_page_in_the_menu(watched: Watched) -> None:
    page = watched.show(SITE / "playbooks.html")
    links = page.eval_on_selector_all(".sidebar-tree a", "all => all.map(one => one.getAttribute('href'))")
    rows = page.eval_on_selector_all("article td a", "all => all.map(one => one.getAttribute('href'))")
    names = [path.stem for path in (ROOT / "playbooks").glob("*.yml")]

    assert [name for name in names if f"playbooks/{name}.html" not in links] == []
    assert [name for name in names if f"playbooks/{name}.html" not in rows] == []


@pytest.mark.parametrize("name", ["index", "rotation-explained"])
def test_the_picture_of_the_rotation_can_be_read(watched: Watched, name: str) -> None:
    page = watched.show(SITE / f"{name}.html")
    picture = page.locator("img[src$='rotation.svg']")
    shown, drawn = picture.bounding_box(), rotation_diagram.HEIGHT / rotation_diagram.WIDTH

    assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
    assert shown["width"] >= 350
    assert shown["height"] / shown["width"] == pytest.approx(drawn, rel=0.02)
    assert len(picture.get_attribute("alt")) > 80


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name", ["index", "start-here", "rotation-explained", "playbooks/rotate", "reference/iam_api_key_module"]
)
def test_text_stands_out_from_its_background(browser: t.Any, name: str, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1."""
    context = browser.new_context(color_scheme=scheme, viewport=WIDE)
    page = context.new_page()
    page.goto((SITE / f"{name}.html").as_uri())
    found = page.evaluate(TEXTS)
    weak = {text: (front, back) for text, front, back in found if contrast(front, back) < 4.5}
    context.close()

    assert len(found) > 50
    assert weak == {}


def test_a_phone_opens_and_closes_the_menu(browser: t.Any) -> None:
    page = browser.new_page(viewport=NARROW)
    page.goto((SITE / "index.html").as_uri())
    link = page.locator(".sidebar-tree a", has_text="Many accounts")

    assert link.bounding_box()["x"] < 0
    page.click("label[for='__navigation'] >> visible=true")
    link.click()
    assert page.url.endswith("many-accounts.html")
    page.close()
