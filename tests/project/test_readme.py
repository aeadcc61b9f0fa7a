# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table in README.md names what there is, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 130
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def names_in_table() -> set[str]:
    """What stands in backquotes in the first column of "What is inside"."""
    rows = [line for line in README.splitlines() if line.startswith("| ") and "`" in line.split("|")[1]]
    return {name.rpartition(".")[2] for row in rows for name in re.findall(r"`([\w.]+)`", row.split("|")[1])}


def test_the_table_has_every_plugin_role_and_playbook_and_nothing_else() -> None:
    stems = [path.stem for folder in ("modules", "lookup") for path in (ROOT / "plugins" / folder).glob("*.py")]
    roles = [path.name for path in (ROOT / "roles").iterdir()]
    playbooks = [path.stem for path in (ROOT / "playbooks").glob("*.yml")]

    assert names_in_table() == {*stems, *roles, *playbooks}


def test_it_is_short_and_shows_each_playbook_with_its_guide() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| playbook ")]

    assert len(README.splitlines()) <= MOST_LINES
    assert [row for row in rows if "](docs/" not in row] == []
    assert len(rows) == len(list((ROOT / "playbooks").glob("*.yml")))
    assert all(anchor_is_there(target) for target in re.findall(r"\]\(([^):\s]+#[^)]+)\)", README))


def anchor_is_there(target: str) -> bool:
    """Whether a page has the heading that a link names."""
    page, _hash, anchor = target.partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_a_heading_that_is_not_there_is_missed() -> None:
    assert anchor_is_there("docs/audit.md#exceptions")
    assert not anchor_is_there("docs/audit.md#exception")


def test_every_module_that_logs_in_is_in_the_action_group() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("iam_*.py")}

    assert set(runtime["action_groups"]["iam"]) == modules


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []
