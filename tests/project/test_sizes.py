# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Small pieces, reasons beside exceptions, and a header in every file."""

from __future__ import annotations

import ast
import re
import textwrap
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADER = """\
# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""
# What tests are made with, beside the tests.
FOLDERS_OF_TOOLS = ("tests/emulator/iam_emulator/**/*.py", "tests/tools/*.py", "tests/faults/*.py", "tests/demo/*.py")
MANUAL = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
MOST_LINES_OF_A_FUNCTION = 40
MOST_LINES_OF_A_FILE = 300
MOST_LINES_BELOW_A_MANUAL = 40
# Put together here, so that this file does not find itself.
EXCEPTION = re.compile("#" + r" ?(?:noqa(?::[ A-Z0-9,]+)?|type: ignore(?:\[[\w, -]+\])?|pylint: disable=[\w,-]+)(.*)")
EXCEPTION_IN_YAML = re.compile("#" + r" ?(?:noqa(?:: ?[a-z][\w\[\]-]*)?)(.*)")


def long_functions(source: str) -> list[str]:
    """Name the functions that are longer than a reader can hold."""
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [node.name for node in functions if lines_of(node) > MOST_LINES_OF_A_FUNCTION]


def lines_of(node: ast.stmt) -> int:
    return t.cast(int, node.end_lineno) - node.lineno + 1


def lines_below_the_manual(source: str) -> int:
    """Count what follows the last of DOCUMENTATION, EXAMPLES and RETURN."""
    manual = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and any(isinstance(name, ast.Name) and name.id in MANUAL for name in node.targets)
    ]
    last = max((t.cast(int, node.end_lineno) for node in manual), default=0)
    return len("\n".join(source.splitlines()[last:]).strip().splitlines())


def exceptions_without_a_reason(source: str, form: re.Pattern[str] = EXCEPTION) -> list[str]:
    """The lines that silence a checker and do not say why."""
    found = [(line, form.search(line)) for line in source.splitlines()]
    return [line.strip() for line, match in found if match and not re.search(r"\w{2}", match[1])]


def python_files(*patterns: str) -> list[Path]:
    """Every Python file below these folders; finding none is a mistake of the caller."""
    files = sorted(path for pattern in patterns for path in ROOT.glob(pattern) if "output" not in path.parts)
    if not files:
        raise FileNotFoundError(f"no Python in {', '.join(patterns)}")
    return files


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_functions_are_short() -> None:
    files = python_files("plugins/**/*.py", *FOLDERS_OF_TOOLS)

    assert {where(path): names for path in files if (names := long_functions(path.read_text()))} == {}


def test_files_are_short() -> None:
    files = python_files("plugins/*_utils/**/*.py", *FOLDERS_OF_TOOLS)
    lines = {where(path): len(path.read_text().splitlines()) for path in files}

    assert {path: count for path, count in lines.items() if count > MOST_LINES_OF_A_FILE} == {}


def test_a_module_is_a_manual_with_little_code_below() -> None:
    lines = {where(path): lines_below_the_manual(path.read_text()) for path in ROOT.glob("plugins/modules/*.py")}

    assert {path: count for path, count in lines.items() if count > MOST_LINES_BELOW_A_MANUAL} == {}


def test_whoever_silences_a_checker_says_why() -> None:
    files = python_files("plugins/**/*.py", "tests/**/*.py")

    assert {where(path): lines for path in files if (lines := exceptions_without_a_reason(path.read_text()))} == {}


def test_whoever_silences_a_checker_of_yaml_says_why() -> None:
    files = [path for folder in ("docs", "playbooks", "roles", "tests") for path in (ROOT / folder).rglob("*.yml")]

    lines = {where(path): exceptions_without_a_reason(path.read_text(), EXCEPTION_IN_YAML) for path in files}
    assert {path: found for path, found in lines.items() if found} == {}


@pytest.mark.parametrize("exception", ["noqa", "noqa: no-handler", "noqa: name[casing]"])
def test_an_exception_in_yaml_needs_a_reason(exception: str) -> None:
    line = f"- name: X  # {exception}"

    assert exceptions_without_a_reason(line, EXCEPTION_IN_YAML) == [line]
    assert exceptions_without_a_reason(f"{line} - it is to fail", EXCEPTION_IN_YAML) == []


def test_no_sanity_test_is_ignored() -> None:
    assert list(ROOT.glob("tests/sanity/ignore*")) == []


def test_every_file_begins_with_the_same_two_lines() -> None:
    files = python_files("plugins/**/*.py", "roles/**/*.py", "tests/**/*.py")

    assert [where(path) for path in files if not begins_with_header(path.read_text())] == []


def begins_with_header(source: str) -> bool:
    return re.sub(r"\A#!.*\n", "", source).startswith(HEADER)


def function_of(lines: int) -> str:
    return "async def f():\n" + "    pass\n" * (lines - 1)


def test_a_function_of_one_line_too_many_is_found() -> None:
    assert long_functions(function_of(40)) == []
    assert long_functions("class A:\n" + textwrap.indent(function_of(41), " ")) == ["f"]


def test_the_code_below_a_manual_is_counted_without_it() -> None:
    assert (
        lines_below_the_manual('#!/usr/bin/python\nDOCUMENTATION = """\na\nb\n"""\nRETURN = ""\n\n\nx = 1\ny = 2\n')
        == 2
    )
    assert lines_below_the_manual("x = 1\ny = 2\nz = 3\n") == 3


@pytest.mark.parametrize(
    "exception", ["noqa", "noqa: S105, B010", "type: ignore", "type: ignore[misc]", "pylint: disable=a-b"]
)
def test_an_exception_needs_a_reason(exception: str) -> None:
    assert exceptions_without_a_reason(f"x = 1  # {exception}") == [f"x = 1  # {exception}"]
    assert exceptions_without_a_reason(f"x = 1  # {exception} - ansible-core has no types") == []
    assert exceptions_without_a_reason(f"x = 1  # {exception}  # ansible-core has no types") == []


def test_a_header_may_follow_only_a_shebang() -> None:
    assert begins_with_header(HEADER)
    assert begins_with_header("#!/usr/bin/python\n" + HEADER)
    assert not begins_with_header("\n" + HEADER)
    assert not begins_with_header("import os\n")


def test_a_search_that_finds_nothing_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        python_files("plugins/**/*.nothing")
