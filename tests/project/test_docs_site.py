# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links of the guides lead to the same thing in the repository and on the site; the menu has every page."""

from __future__ import annotations

import docs_site
import pytest

HOST = "https://github.com/cloudkeys/ibmcloud"


@pytest.mark.parametrize(
    ("page", "target", "place"),
    [
        ("docs/awx.md", "many-accounts.md", "many-accounts.md"),
        ("docs/awx.md", "audit.md#exceptions", "audit.md#exceptions"),
        ("docs/awx.md", "#five-steps", "#five-steps"),
        ("docs/awx.md", "https://example.com/a", "https://example.com/a"),
        ("docs/awx.md", "README.md", "index.md"),
        ("docs/README.md", "decisions/README.md", "decisions/index.md"),
        ("docs/architecture.md", "decisions/0011-records-in-git.md", "decisions/0011-records-in-git.md"),
        ("docs/decisions/0011-records-in-git.md", "../awx.md", "../awx.md"),
        ("docs/awx.md", "../plugins/modules/iam_api_key.py", "reference/iam_api_key_module.rst"),
        ("docs/awx.md", "../plugins/lookup/iam_token.py", "reference/iam_token_lookup.rst"),
        ("docs/awx.md", "../roles/rotate_api_keys", "reference/rotate_api_keys_role.rst"),
        ("docs/audit.md", "pictures/audit-wide.png", "pictures/audit-wide.png"),
        ("docs/awx.md", "examples/awx", f"{HOST}/tree/main/docs/examples/awx"),
        ("docs/awx.md", "../tests/leaks/README.md", f"{HOST}/blob/main/tests/leaks/README.md"),
        ("docs/awx.md", "CONTRIBUTING.md#habits", "CONTRIBUTING.md#habits"),
    ],
)
def test_a_link_leads_to_the_same_thing_on_the_site(page: str, target: str, place: str) -> None:
    assert docs_site.on_the_site(page, target) == place


def test_a_link_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"docs/awx.md links to nowhere.md"):
        docs_site.on_the_site("docs/awx.md", "nowhere.md")


def test_links_are_translated_and_blocks_of_code_are_not() -> None:
    text = "See [it](README.md).\n\n```text\n[it](nowhere.md)\n```\n\n![p](pictures/audit-wide.png) and [b](audit.md)\n"

    translated = docs_site.translate("docs/awx.md", text)

    assert translated == text.replace("(README.md)", "(index.md)")


def test_each_playbook_has_a_page_and_a_link_to_its_section_leads_there() -> None:
    text = (docs_site.ROOT / docs_site.PLAYBOOKS).read_text(encoding="utf-8")
    names = {path.stem for path in (docs_site.ROOT / "playbooks").glob("*.yml")}

    parts = docs_site.playbook_pages(text)

    assert set(parts) == {"playbooks", *(f"playbooks/{name}" for name in names)}
    assert {name for name in names if f"\nplaybooks/{name}\n" in parts["playbooks"]} == names
    assert parts["playbooks/rotate"].startswith("# Playbook rotate\n")
    # What it is for, an example with its output, what it takes.
    assert {place for place, part in parts.items() if "```console\n$ " not in part} == {"playbooks"}
    assert docs_site.on_the_site("docs/playbooks.md", "#plan") == "playbooks/plan.md"
    assert docs_site.on_the_site("docs/awx.md", "playbooks.md#plan") == "playbooks/plan.md"
    assert docs_site.on_the_site("docs/playbooks.md", "audit.md#exceptions", place="playbooks/audit") == (
        "../audit.md#exceptions"
    )


def test_the_menu_has_every_guide() -> None:
    listed = {page for below in docs_site.MENU.values() for page in below}
    places = {place for place in docs_site.pages().values() if not place.startswith("decisions/0")}

    assert listed - {"reference/index"} == places - {"index"}
