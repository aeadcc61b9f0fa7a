# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the guides show is a part of a file that tests run, and the numbers in them are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import ALL_RULES, Control

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs").glob("*.md"))
EXAMPLES = sorted(path for path in (ROOT / "docs/examples").rglob("*.yml"))
RUNS = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("guides", "awx", "hand_over")
    for path in (ROOT / "tests" / folder).glob("*.py")
)
# Blocks of other languages are for reading. `console` is run by tests/guides, `shell` cannot be run there.
LANGUAGES = {"yaml", "console", "shell", "text"}
NOT_RUN = {
    "release.md": 1,
    # They install from Galaxy, ask for a key at a terminal, belong to cron, or need an AWX.
    "start-here.md": 4,
    "awx.md": 1,
}
# Data for AWX itself, which only an AWX could load; test_awx_examples.py compares them.
LOADED_BY_AWX = {path for path in EXAMPLES if path.parent.name == "awx"}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, without the indentation of a list around them."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def squeezed(text: str) -> list[str]:
    """Lines without indentation; a line that names a file is no part of it."""
    return [line.strip() for line in text.splitlines() if not re.fullmatch(r"# [\w./-]+\.yml", line)]


def is_part_of(block: str, text: str) -> bool:
    lines, whole = squeezed(block), squeezed(text)
    return any(whole[start : start + len(lines)] == lines for start in range(len(whole) - len(lines) + 1))


def each_guide(guide: Path) -> str:
    return guide.name


@pytest.mark.parametrize("guide", GUIDES, ids=each_guide)
def test_a_block_of_yaml_is_a_part_of_an_example(guide: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLES]
    shown = blocks(guide.read_text(encoding="utf-8"), "yaml")

    assert [block for block in shown if not any(is_part_of(block, text) for text in texts)] == []


def test_there_are_such_blocks() -> None:
    assert sum(len(blocks(guide.read_text(encoding="utf-8"), "yaml")) for guide in GUIDES) > 10


@pytest.mark.parametrize("guide", GUIDES, ids=each_guide)
def test_a_block_says_its_language_and_is_fenced(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    opened = re.findall(r"^ *```(.*)$", text, flags=re.MULTILINE)[::2]

    assert set(opened) <= LANGUAGES
    assert (
        re.findall(r"^\n {4}(?! *[-*\d`])\S.*$", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S), re.M) == []
    )


@pytest.mark.parametrize("guide", GUIDES, ids=each_guide)
def test_a_guide_whose_commands_can_be_run_has_them_run(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")

    is_run = f'"{guide.name}"' in RUNS

    assert len(blocks(text, "shell")) == NOT_RUN.get(guide.name, 0)
    assert is_run or not blocks(text, "console")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT / "docs/examples")))
def test_every_example_is_run(example: Path) -> None:
    """Tests name it, or the folder that they copy with everything in it."""
    path = example.relative_to(ROOT / "docs/examples")
    names = [f'"{path}"', *(f'"{folder}"' for folder in path.parents if folder.name not in {"", "awx"})]
    if path.parts[0] == "awx":
        names.append('"awx" / "{}"'.format('" / "'.join(path.parent.parts[1:])))
    is_run = any(name in RUNS for name in names)

    assert is_run or example in LOADED_BY_AWX


def test_the_findings_and_controls_in_the_guide_are_those_of_the_audit() -> None:
    guide = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z ]+): `(\w+)` \| (\w+) \| .* \| (.*) ?\|$", guide, flags=re.MULTILINE)
    controls = dict(re.findall(r"^\| ((?:CIS|NIST) [^|]+) \| ([^|]+) \|", guide, flags=re.MULTILINE))

    assert {name: (title.capitalize(), severity, numbers.strip()) for title, name, severity, numbers in rows} == {
        rule.name: (rule.title, rule.severity, ", ".join(short(each) for each in rule.controls)) for rule in ALL_RULES
    }
    assert set(controls) == {short(each) for rule in ALL_RULES for each in rule.controls}


def short(control: Control) -> str:
    return f"{control.source.split()[0]} {control.number}"


def test_the_architecture_names_files_that_there_are() -> None:
    named = re.findall(r"`([\w/]+\.py)`", (ROOT / "docs/architecture.md").read_text())
    there = [
        f"/{path.relative_to(ROOT).as_posix()}"
        for folder in ("plugins", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]

    assert named
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in there)] == []


def test_a_block_with_another_value_is_no_part() -> None:
    assert is_part_of("# keys.yml\na: 1\nb: 2\n", "---\n  a: 1\n  b: 2\nc: 3\n")
    assert not is_part_of("a: 1\nb: 3\n", "---\n  a: 1\n  b: 2\nc: 3\n")
