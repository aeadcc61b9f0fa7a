# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one rule for options that are blank, as a survey of AWX leaves a question that nobody answered (decision 23).

Blank is null, a text of nothing but blanks, and a list of nothing else. Such an option counts as not set, and is
refused where that might make a task touch more, or something else, than was meant. An option is refused unless it
stands here, so one that nobody thought of is refused too.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.validation import check_type_dict, check_type_list

Spec = t.Mapping[str, t.Mapping[str, t.Any]]
Path = tuple[str, ...]

# Options that count as not set, under the reason why that is harmless.
UNSET: dict[str, tuple[str, ...]] = {
    "what it describes stays as it is, or gets IBM Cloud's own default": (
        *("action_when_leaked", "support_sessions", "locked", "disabled", "unique_instance_crns"),
    ),
    "it allows more, and not set allows nothing": (
        *(
            "unlock",
            "allow_self",
            "recreate",
            "delete_keys",
            "delete",
            "purge",
            "purge_all",
            "rotated_keys",
            "on_duplicate",
        ),
        *(
            "on_missing_record",
            "project_folder_lasts",
            "try_create",
            "create",
            "scope",
            "all_groups",
            "on_missing_file",
        ),
    ),
    "not set is the safe way": (
        "require_dead",
        "validate_certs",
        "use_marker",
        "leak_response",
        "action",
        "mode",
        "keep_working_copy",
    ),
    "the task refuses to make a key that nothing would keep": ("file", "reveal", "discard_value", "store_value"),
    "a place of its own, or none, is found in its stead": (
        *("iam_endpoint", "ca_path", "vault_id", "working_copy", "layout", "key_source", "local_folder"),
        *("git.token", "ssh_key_file", "known_hosts_file", "username", "author_name", "author_email", "message"),
    ),
    "it adds keys that are revoked, retired or put back, so not set is none of them": (
        *("compromised_ids", "compromised_values", "compromised_values_file", "retire_ids", "rollback_to_ids"),
        *("withdraw_ids", "handed_over_ids", "copies", "seen"),
    ),
    "it says how and when, within what the task touches anyway": (
        *(
            "concurrency",
            "batch_size",
            "stop_after_failures",
            "timeout_seconds",
            "lock_timeout_seconds",
            "verify_values",
        ),
        *("max_age_days", "rotate_before_expiry_days", "expires_in_days", "overlap_hours", "soak_hours", "quiet_hours"),
        *("wait_at_most_days", "on_previous_in_use", "lease_seconds", "settle_seconds", "orphan_min_age_minutes"),
        *("keys_per_identity", "rotate_if_older_than", "policy", "backup", "plaintext_keys"),
        "proof_seconds",
    ),
    "it names values to import, and a task without any is refused": ("files", "vaulted"),
    "it is handed on to the user's own tasks, and changes nothing here": ("data",),
    "it only says what is read or reported": (
        *("include_history", "include_activity", "unused_after_days", "expires_soon_days", "require_expiry", "folder"),
        *("require_lock", "account_owner_ids", "record_files", "exceptions_file", "formats", "return_keys"),
        "history_files",
        *("report_timeout_seconds", "try_decrypt", "vault_files", "expected", "plan", "plan_days", "account_name"),
        *("expected_accounts", "report", "history", "keep_days", "by", "job", "hand_on", "earlier", "slots_file"),
        *("metrics", "account", "failed_before"),
    ),
}
# Ways to say the same: where one of them is said, the others are not missing. A task that logs in with a file takes the
# `api_key` of module_defaults away with an empty one.
INSTEAD_OF_EACH_OTHER = (
    frozenset({"api_key", "api_key_file", "token", "cr_token_file"}),
    frozenset({"profile_id", "profile_crn", "profile_name"}),
)
# An empty text takes the old one away, so blanks are an empty text.
CLEARED = frozenset({"description", "expires_at"})
# A value to store may be anything.
TAKEN_AS_IT_IS = frozenset({"value"})
_UNSET = frozenset(name for names in UNSET.values() for name in names)


def without_blanks(spec: Spec, given: t.Mapping[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    """The options of a task, blank ones left out -> (the options, the names of those that must not be blank).

    `given` is what the task says, before Ansible fills in defaults and converts anything: afterwards a null cannot be
    told from an option that is not there.
    """
    refused: list[Path] = []
    options = _said(spec, given, (), refused)
    return options, [".".join(path) for path in refused]


def why_refused(names: t.Sequence[str]) -> str | None:
    """What to tell about the second part of `without_blanks`; None when there is nothing to tell."""
    if not names:
        return None
    named = ", ".join(f"`{name}`" for name in names)
    return (
        f"{named} must not be blank, as a survey leaves a question that nobody answered: without it the task might "
        "touch more than is meant, or something else. Give a value, or leave the option out if you mean that. "
        "Nothing was changed"
    )


def is_blank(value: t.Any) -> bool:
    """Whether nobody said anything; an empty list is something that was said."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, list):
        return bool(value) and all(is_blank(item) for item in value)
    return value is None


def may_be_blank(name: str, option: t.Mapping[str, t.Any], inside: Path = ()) -> bool:
    """Whether the option counts as not set when it is blank; `inside` is where it stands."""
    is_listed = name in _UNSET or f"{inside[-1] if inside else ''}.{name}" in _UNSET
    return is_listed and not option.get("required")


def _said(spec: Spec, given: t.Mapping[str, t.Any], inside: Path, refused: list[Path]) -> dict[str, t.Any]:
    said: dict[str, t.Any] = {}
    for name, value in given.items():
        option = spec.get(name)
        if option is None or name in TAKEN_AS_IT_IS:
            said[name] = value
        elif name in CLEARED:
            said[name] = "" if isinstance(value, str) and is_blank(value) else value
        else:
            parts = _parts(option, value)
            has_blank = is_blank(parts) or (isinstance(parts, list) and any(map(is_blank, parts)))
            if has_blank and not (may_be_blank(name, option, inside) or _is_said_otherwise(name, given)):
                refused.append((*inside, name))
            # What is refused is handed on as well: a secret in it has to be known, to be hidden.
            if not is_blank(parts):
                said[name] = _of_members(option, parts, (*inside, name), refused)
    return said


def _is_said_otherwise(name: str, given: t.Mapping[str, t.Any]) -> bool:
    others = next((ways - {name} for ways in INSTEAD_OF_EACH_OTHER if name in ways), frozenset[str]())
    return any(not is_blank(given.get(other)) for other in others)


def _parts(option: t.Mapping[str, t.Any], value: t.Any) -> t.Any:
    """A list or mapping that is given as a text, taken apart as Ansible does it, which refuses what it cannot read."""
    readers: dict[str, t.Any] = {"list": check_type_list, "dict": check_type_dict}
    reads = readers.get(option.get("type", "str"))
    if reads is None or not isinstance(value, str) or is_blank(value):
        return value
    try:
        return reads(value)
    except TypeError:
        return value


def _of_members(option: t.Mapping[str, t.Any], parts: t.Any, path: Path, refused: list[Path]) -> t.Any:
    """What a list or a mapping holds, without what is blank in it."""
    if isinstance(parts, list):
        member = {"type": option.get("elements", "raw"), "options": option.get("options")}
        return [
            _of_members(member, _parts(member, item), (*path[:-1], f"{path[-1]}[{number}]"), refused)
            for number, item in enumerate(parts)
            if not is_blank(item)
        ]
    inner = option.get("options")
    return _said(inner, parts, path, refused) if inner and isinstance(parts, dict) else parts
