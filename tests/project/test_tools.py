# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests/tools reads out of the output of other tools."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import ansible_test
import coverage_table
import parts
import pytest

ROOT = Path(__file__).resolve().parents[2]
BOTH_WAYS = ROOT / "tests/integration/targets/setup_iam/files/play_both_ways.py"
SANITY = 'Running sanity test "compile" on Python 3.9\nRunning sanity test "pep8"\nRunning sanity test "pylint"\n'
TWO_FAILED = "FATAL: The 2 sanity test(s) listed below (out of 3) failed. See error output above for details.\n"


@pytest.mark.parametrize(
    "warning",
    [
        'Required program "shellcheck" not found.',
        'Skipping sanity test "pylint" on Python 3.14 because it is unsupported. Supported Python versions: 3.11',
        "Skipping validate-modules collection version checks since no collection version was found.",
        'Excluding tests marked "needs/root" which require running as root: iam_api_key',
    ],
)
def test_a_check_that_did_not_run_is_found(warning: str) -> None:
    assert ansible_test.checks_left_out([f"WARNING: {warning}\n"]) == [f"WARNING: {warning}"]


@pytest.mark.parametrize(
    "line",
    [
        'WARNING: Skipping sanity test "compile" on Python 3.14 because it could not be found.',
        'WARNING: Using locale "C.UTF-8" instead of "en_US.UTF-8".',
        'Running sanity test "pylint"',
    ],
)
def test_a_python_that_is_not_installed_may_be_left_out(line: str) -> None:
    assert ansible_test.checks_left_out([line]) == []


@pytest.mark.parametrize(
    ("command", "output", "code", "expected"),
    [
        ("sanity", SANITY, 0, (3, 0)),
        ("sanity", SANITY + TWO_FAILED, 1, (1, 2)),
        ("sanity", SANITY + "FATAL: no pip\n", 1, (2, 1)),
        ("integration", "Running a integration test role\nRunning b integration test script\n", 0, (2, 0)),
        ("integration", "", 0, (0, 0)),
    ],
)
def test_the_tests_of_ansible_test_are_counted(command: str, output: str, code: int, expected: tuple[int, int]) -> None:
    assert ansible_test.tally(command, output.splitlines(keepends=True), code) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("51 passed in 1.07s\n", (51, 0)),
        ("== 2 failed, 48 passed, 1 skipped, 1 error in 61.20s (0:01:01) ==\n", (48, 3)),
        ("sanity: 31 passed, 3 failed\n", (31, 3)),
        ("Passed: 0 failure(s), 0 warning(s) in 20 files processed.\n", (0, 0)),
        ("TASK [wait until 3 failed] ***\n", (0, 0)),
    ],
)
def test_the_summary_lines_are_counted(line: str, expected: tuple[int, int]) -> None:
    assert parts.count([line]) == expected


def told(covered_lines: int, covered_branches: int) -> dict[str, dict[str, int]]:
    lines = {"num_statements": 100, "covered_lines": covered_lines}
    return {"summary": {**lines, "num_branches": 40, "covered_branches": covered_branches}}


@pytest.mark.parametrize(
    ("lines", "branches", "is_enough"), [(100, 40, True), (95, 38, True), (94, 40, False), (100, 37, False)]
)
def test_lines_and_branches_each_have_to_be_reached(lines: int, branches: int, is_enough: bool) -> None:
    name = "plugins/module_utils/_iam"

    packages = coverage_table.by_package({"files": {f"{name}/one.py": told(lines, branches)}})

    assert packages[name].is_enough is is_enough
    assert (name in coverage_table.too_little_reached(packages)) is not is_enough


def test_every_folder_of_what_plugins_share_is_held_and_counts_when_nothing_was_measured() -> None:
    shared = [Path("plugins/module_utils"), Path("plugins/plugin_utils")]
    packages = {str(file.parent.relative_to(ROOT)) for root in shared for file in (ROOT / root).rglob("*.py")}

    assert packages > {*map(str, shared), "plugins/module_utils/_iam", "plugins/plugin_utils/_leaks"}
    assert coverage_table.too_little_reached(coverage_table.by_package({"files": {}})) == sorted(packages)


def test_what_is_not_held_is_shown_and_fails_nothing() -> None:
    files = {f"{name}/one.py": told(100, 40) for name in coverage_table.held()}

    packages = coverage_table.by_package({"files": {**files, "plugins/action/three.py": told(1, 1)}})

    assert coverage_table.too_little_reached(packages) == []
    (shown,) = (line for line in coverage_table.table(packages) if "for information" in line)
    assert shown.startswith("plugins/action ")


def test_files_of_a_package_count_together() -> None:
    files = {"plugins/module_utils/_iam/one.py": told(90, 40), "plugins/module_utils/_iam/two.py": told(100, 40)}

    packages = coverage_table.by_package({"files": {**files, "plugins/action/three.py": told(1, 1)}})

    assert packages["plugins/module_utils/_iam"] == (200, 190, 80, 80)
    assert packages["plugins/action"].line_percent == 1
    assert "200  95.0" in "\n".join(coverage_table.table(packages))


def test_a_variable_alone_is_for_all_parts_and_gives_way_to_that_of_one() -> None:
    asked = ["kills", 'matrix CORES=2.16 PARTS="unit sanity"', "leaks ONE_IN=2", "ONE_IN=8 EDITS=3", ""]

    assert parts.split(asked) == [
        ["kills", "ONE_IN=8", "EDITS=3"],
        ["matrix", "ONE_IN=8", "EDITS=3", "CORES=2.16", "PARTS=unit sanity"],
        ["leaks", "ONE_IN=8", "EDITS=3", "ONE_IN=2"],
    ]


MAKEFILE = """\
odd:
\t@printf '\\377\\n1 passed in 1.00s\\n'
dies:
\t@kill -9 $$$$
"""


@pytest.fixture
def makefile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKEFLAGS", raising=False)


@pytest.mark.usefixtures("makefile")
@pytest.mark.parametrize("asked", [["folder"], ["odd", "nowhere"], [], ["ONE_IN=8"]])
def test_what_is_no_part_is_not_called_fine(asked: list[str]) -> None:
    with pytest.raises(SystemExit, match="Nothing was run"):
        parts.main(*asked)


@pytest.mark.usefixtures("makefile")
def test_a_part_that_is_killed_is_told_beside_one_whose_output_is_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert parts.main("odd", "dies") == 1

    told = capsys.readouterr().out
    assert re.search(r"^  odd +ok .* 1 passed, 0 failed$", told, re.MULTILINE)
    assert re.search(r"^  dies +FAILED ", told, re.MULTILINE)
    assert told.endswith("1 passed, 0 failed (see dies)\n")


def test_a_play_that_failed_is_shown_without_secrets() -> None:
    without_secrets = runpy.run_path(str(BOTH_WAYS))["without_secrets"]
    text = 'IBMCLOUD_API_KEY=login-key "key_value": "new-one", own new-one'

    assert without_secrets(text, {"api_key": "login-key", "own_value": "own"}) == (
        'IBMCLOUD_API_KEY=*** "key_value": "***", *** ***'
    )
