# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each defect of mutants.yml fits the code; tests/faults plants them, some each day in CI."""

from __future__ import annotations

import os.path
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
ROTATION = ROOT / "plugins/plugin_utils/_rotation"
MUTANTS = yaml.safe_load((ROOT / "tests/faults/mutants.yml").read_text(encoding="utf-8"))


def test_what_a_defect_replaces_is_in_the_code_once() -> None:
    counts = {mutant["name"]: _code(mutant["file"]).count(mutant["old"]) for mutant in MUTANTS}

    assert {name: count for name, count in counts.items() if count != 1} == {}
    assert [mutant["name"] for mutant in MUTANTS if mutant["old"] == mutant["new"]] == []
    assert len(counts) == len(MUTANTS)


def test_what_notices_a_defect_is_there() -> None:
    tests = {mutant[how] for mutant in MUTANTS for how in ("noticed_by", "noticed_by_the_set") if how in mutant}

    assert [test for test in sorted(tests) if not _is_there(test)] == []


def _code(name: str) -> str:
    return Path(os.path.normpath(ROTATION / name)).read_text(encoding="utf-8")


def _is_there(test: str) -> bool:
    file, _colons, name = test.partition("::")
    if not (ROOT / file).is_file():
        return False
    function = re.escape(name.partition("[")[0].rpartition("::")[2])
    return not name or bool(re.search(rf"^ *def {function}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))
