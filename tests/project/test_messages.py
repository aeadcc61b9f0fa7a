# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/messages.md has a row for every message with which a plugin or the role refuses or fails, and no other row."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.advice import ADVICE_BY_REQUEST
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import ADVICE_BY_CODE, ADVICE_BY_KIND

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/messages.md").read_text(encoding="utf-8")
# Exceptions whose text a user sees. A ValueError is a mistake of ours, or caught.
SHOWN = {
    *("AmbiguousSecret", "AnsibleError", "BadCredentials", "CannotConnect", "CannotDecrypt", "Conflict"),
    *("CannotEdit", "CannotStore", "ChangedMeanwhile", "CommitLost", "GitError", "IamError", "Invalid"),
    *("MissingCredentials", "NoSecret", "NotPermitted", "NotUnderstood", "OutcomeUnknown", "PushRefused"),
    *("HistoryRefused", "ListBrokenOff", "NotFinished", "NotTrusted", "SlotStopped", "TaskRefused", "VaultFileError"),
}
NEVER_SHOWN = {"it was not looked at"}
HOLE = "{}"


def text_of(node: ast.AST) -> str | None:
    """A message with a hole for each part that differs; None when it comes from elsewhere as a whole."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return f"{text_of(node.left) or HOLE}{text_of(node.right) or HOLE}"
    return None


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def messages_in(tree: ast.AST) -> t.Iterator[str]:
    """The texts of exceptions that a user sees, and the reasons why a slot stops."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        is_stop = called(call) == "Step" and bool(call.args) and text_of(call.args[0]) == "stop"
        if is_stop or called(call) in SHOWN:
            text = text_of(call.args[1 if is_stop else 0]) if call.args else None
            if text and text != HOLE and text not in NEVER_SHOWN:
                yield text


def messages() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "plugins").rglob("*.py")]
    advice = [*ADVICE_BY_KIND.values(), *ADVICE_BY_CODE.values()]
    advice += [text for _method, _path, kinds in ADVICE_BY_REQUEST for text in kinds.values()]
    return {text for tree in trees for text in messages_in(tree)} | set(advice)


def fragments() -> list[str]:
    """What stands in italics in the first cell of a row: words of messages, with dots for what differs."""
    cells = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| *")]
    return [fragment for cell in cells for fragment in re.findall(r"\*([^*]+)\*", cell.replace("…", HOLE))]


def fits(fragment: str, text: str) -> bool:
    """A fragment of nothing but holes stands for a message of nothing else."""
    return fragment in text if re.search(r"\w", fragment) else fragment == text


def said_elsewhere() -> str:
    """Where a fragment may come from beside exceptions: roles and playbooks, and texts that are put together before."""
    files = [
        *ROOT.glob("roles/*/tasks/**/*.yml"),
        *ROOT.glob("roles/*/vars/*.yml"),
        *ROOT.glob("playbooks/**/*.yml"),
        *ROOT.glob("plugins/plugin_utils/**/*.py"),
    ]
    names = ("_blanks.py", "_leaks/items.py", "_iam/wire.py", "_reconcile/gone.py")
    files += [ROOT / "plugins/module_utils" / name for name in names]
    # A lookup begins its messages with its name.
    lookups = [f"{path.stem}:" for path in ROOT.glob("plugins/lookup/*.py")]
    return " ".join([*lookups, *(" ".join(path.read_text(encoding="utf-8").split()) for path in files)])


def test_every_message_is_in_the_guide() -> None:
    known = fragments()

    assert sorted(text for text in messages() if not any(fits(fragment, text) for fragment in known)) == []


def test_every_row_of_the_guide_is_about_a_message() -> None:
    texts, elsewhere = messages(), said_elsewhere()

    assert [each for each in fragments() if not any(fits(each, text) for text in texts) and each not in elsewhere] == []


def test_a_message_with_holes_is_read() -> None:
    stops = "Step('stop', f'{one} is ' + f'not {two}')\nStep('idle', 'no')"

    assert list(messages_in(ast.parse(f"{stops}\nraise SlotStopped('so')\nOSError('no')"))) == ["{} is not {}", "so"]


def test_a_fragment_of_holes_alone_fits_no_other_message() -> None:
    assert fits("{}: {}", "{}: {}")
    assert not fits("{}: {}", "git {} failed: {}")
