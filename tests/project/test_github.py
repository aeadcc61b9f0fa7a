# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What GitHub shows to who reports, asks or contributes: it warns of pasted keys, and each link leads somewhere."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github"
REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
ADVISORY = f"{REPOSITORY}/security/advisories/new"
CONDUCT_OF_ANSIBLE = "https://docs.ansible.com/ansible/latest/community/code_of_conduct.html"
FORMS = ("bug.yml", "feature.yml")
PAGES = ("SECURITY.md", "CODE_OF_CONDUCT.md", "pull_request_template.md")
# Other files of GitHub's would need a look of their own.
KNOWN = {*PAGES, *(f"ISSUE_TEMPLATE/{name}" for name in (*FORMS, "config.yml"))}
TEXTS = {name: (FOLDER / name).read_text(encoding="utf-8") for name in sorted(KNOWN)}
KINDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def form(name: str) -> dict[str, t.Any]:
    return t.cast(dict[str, t.Any], yaml.safe_load(TEXTS[f"ISSUE_TEMPLATE/{name}"]))


def links_in(text: str) -> list[str]:
    return re.findall(r"https://[^\s)>\"']+", text)


def leads_somewhere(link: str) -> bool:
    """Whether a link is that of an advisory, of Ansible's page, or of a file and heading of the main branch."""
    path, _hash, anchor = link.removeprefix(f"{REPOSITORY}/blob/main/").partition("#")
    if link in (ADVISORY, CONDUCT_OF_ANSIBLE):
        return True
    if path == link or not (ROOT / path).is_file():
        return False
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    return not anchor or anchor in {each.lower().replace(" ", "-") for each in headings}


def test_there_is_nothing_that_is_not_looked_at() -> None:
    told = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}

    assert {name for name in told if not re.fullmatch(r"workflows/\w+\.yml", name)} == KNOWN


@pytest.mark.parametrize("name", TEXTS)
def test_each_link_leads_somewhere_and_nobody_is_made_up(name: str) -> None:
    assert [link for link in links_in(TEXTS[name]) if not leads_somewhere(link)] == []
    assert re.findall(r"[\w.+-]+@[\w-]+\.\w+", TEXTS[name]) == []


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_one_that_github_takes(name: str) -> None:
    told = form(name)
    asked = [each for each in told["body"] if each["type"] != "markdown"]

    assert told.keys() == {"name", "description", "labels", "body"}
    assert {each["type"] for each in told["body"]} <= KINDS
    assert len({each["id"] for each in asked}) == len(asked)
    assert all(each["attributes"]["label"] for each in asked)
    assert any(each.get("validations", {}).get("required") for each in asked)


@pytest.mark.parametrize("name", ["ISSUE_TEMPLATE/bug.yml", "SECURITY.md", "pull_request_template.md"])
def test_who_writes_is_told_to_paste_no_key(name: str) -> None:
    assert re.search(r"Never (paste|send) an API key, a token, a vault password or a vaulted value", TEXTS[name])


def test_a_report_of_a_defect_needs_the_word_that_no_secret_is_in_it() -> None:
    begin, *_rest, end = form("bug.yml")["body"]

    assert begin["type"] == "markdown"
    assert ADVISORY in begin["attributes"]["value"]
    assert [option["required"] for option in end["attributes"]["options"]] == [True]


def test_a_vulnerability_is_reported_privately() -> None:
    told = yaml.safe_load(TEXTS["ISSUE_TEMPLATE/config.yml"])

    assert told["blank_issues_enabled"] is False
    assert ADVISORY in [link["url"] for link in told["contact_links"]]
    assert ADVISORY in TEXTS["SECURITY.md"]
    assert CONDUCT_OF_ANSIBLE in TEXTS["CODE_OF_CONDUCT.md"]


@pytest.mark.parametrize(
    "link", ["https://example.com/", f"{REPOSITORY}/blob/main/nowhere.md", f"{REPOSITORY}/blob/main/README.md#nowhere"]
)
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert not leads_somewhere(link)
