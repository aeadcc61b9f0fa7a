# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a task's work and turns whatever happens into a result; shared by the modules and the action plugins."""

from __future__ import annotations

import os
import traceback
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub, scrub_all, scrub_words
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import with_shown_messages

Work = t.Callable[[dict[str, t.Any], bool], dict[str, t.Any]]

# The one member of a result, or of one of its `outcomes`, in which a secret may leave, because the user asked for it.
SECRET_MEMBERS = frozenset({"key_value"})
# The members that are words for a person, or what a module was given.
MESSAGES = frozenset(
    {"msg", "exception", "warnings", "deprecations", "module_stdout", "module_stderr", "invocation", "report"}
)


def outcome(work: Work, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Run `work(params, check_mode)` and return its result, or a failed one; never raises.

    No secret is in it, and no message in it does anything to a terminal.
    """
    try:
        result = work(params, check_mode)
    except (Exception, SystemExit) as error:
        return failure_of(error)
    # First the secrets, which are not found any more where a character was spelled out.
    return with_shown_messages(_scrub_result(result))


def refused(message: str) -> dict[str, t.Any]:
    """The failed result of a task that was not begun."""
    return with_shown_messages({"failed": True, "changed": False, "msg": scrub(message)})


def failure_of(error: BaseException) -> dict[str, t.Any]:
    """A failed result, without a secret."""
    if isinstance(error, CloudkeysError):
        failure: dict[str, t.Any] = {**error.details, "failed": True, "changed": False, "msg": str(error)}
        if error.transaction_id:
            failure["transaction_ids"] = [error.transaction_id]
        return with_shown_messages(t.cast("dict[str, t.Any]", scrub_all(failure)))
    if is_about_a_nul(error):
        return failure_of(nul_in_a_path())
    return {
        "failed": True,
        "changed": False,
        "msg": f"Unexpected {kind_and_place(error)}. This is a defect of the collection: please report it",
        "exception": scrub("".join(traceback.format_tb(error.__traceback__))),
    }


def scrub_messages(result: dict[str, t.Any]) -> None:
    """Take out of what a result says in words what nobody may see, and leave alone what `register` is for."""
    for name in MESSAGES & result.keys():
        said = result[name]
        result[name] = [_scrub_message(each) for each in said] if isinstance(said, list) else _scrub_message(said)


def is_about_a_nul(error: BaseException) -> bool:
    """Whether the system was asked for a file with a NUL character in its name: the user's text, and no defect."""
    # Python 3.13 puts the name of the call before it.
    return isinstance(error, ValueError) and "embedded null " in str(error)


def nul_in_a_path() -> TaskRefused:
    """What the user is told of such a name."""
    return TaskRefused("one of the paths has a NUL character in it, which no file has in its name")


def kind_and_place(error: BaseException) -> str:
    """All that is told of an exception that nobody foresaw: its text may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "an unknown place"
    return f"{type(error).__name__} at {place}"


def _scrub_message(said: t.Any) -> t.Any:
    """What is said, without a secret.

    A warning of Ansible's own is an object since 2.22, and as a text it would be told a second time.
    """
    event = getattr(said, "event", None)
    if event is None:
        return scrub_words(said)
    text = repr(said)
    return said if scrub(text) == text else scrub(str(event.msg))


def _scrub_result(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Take secrets out everywhere but where the user asked for them."""
    inner = {"outcomes": [_scrub_result(part) for part in result["outcomes"]]} if "outcomes" in result else {}
    kept = {name: value for name, value in result.items() if name in SECRET_MEMBERS}
    rest = {name: value for name, value in result.items() if name not in {*kept, *inner}}
    return {**scrub_all(rest), **kept, **inner}
