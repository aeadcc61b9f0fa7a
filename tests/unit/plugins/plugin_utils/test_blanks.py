# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A blank option counts as not set, or the task is refused: every option of every module, as the specs name them."""

from __future__ import annotations

import importlib
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible_collections.cloudkeys.ibmcloud.plugins.lookup.iam_token import LookupModule
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._blanks import (
    CLEARED,
    TAKEN_AS_IT_IS,
    UNSET,
    may_be_blank,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import Checked, check_arguments

OURS = "ansible_collections.cloudkeys.ibmcloud.plugins"
MODULES = sorted(path.stem for path in Path(__file__).parents[4].glob("plugins/modules/*.py"))
BLANKS = ["", "  ", "\t\n", None]
BLANK_LISTS = [*BLANKS, [""], [None, "  "]]
ANYTHING = {"str": "x", "path": "x", "raw": "x", "list": [], "dict": {}, "bool": True, "int": 1, "float": 1}
# What a blank one would widen, or turn to something else; it is here once more so that nobody makes it harmless unseen.
MUST_NOT_BE_BLANK = {
    *("iam_id", "service_id", "service_id_group", "id", "name", "key_value", "state", "identities", "keys", "slots"),
    *("keep_ids", "filter", "type", "account_id", "api_key", "api_key_file", "token", "cr_token_file", "profile_id"),
    *("profile_crn", "profile_name", "git", "repository", "branch", "path", "vars", "expect", "variable", "key_name"),
    *("moved_from", "until", "probed_ids", "hand_over", "fail_on", "paths", "exclude"),
    *("from", "to", "label", "on_unreadable"),
    # Of a leak: less would be revoked than is meant, or more be done.
    *("ids", "values", "values_file", "only_leaked", "rotated", "accounts", "step"),
    # Which value of a file is imported.
    "variables",
    # Which keys are taken away by age.
    *("keep_newest", "count", "names"),
}

Options = dict[str, dict[str, t.Any]]
Place = tuple[str, ...]


def spec_of(module: str) -> Options:
    return t.cast(Options, importlib.import_module(f"{OURS}.action.{module}").SPEC["argument_spec"])


def options_in(spec: Options, inside: Place = ()) -> t.Iterator[tuple[Place, dict[str, t.Any]]]:
    """Every option with the way to it, those inside others too."""
    for name, option in spec.items():
        yield (*inside, name), option
        yield from options_in(option.get("options") or {}, (*inside, name))


def arguments(spec: Options, inside: Place, said: dict[str, t.Any]) -> dict[str, t.Any]:
    """Arguments that say this inside these options, and something of all that is required."""
    needed = {name: anything(option) for name, option in spec.items() if option.get("required")}
    if not inside:
        return {**needed, **said}
    member = arguments(spec[inside[0]]["options"], inside[1:], said)
    return {**needed, inside[0]: [member] if spec[inside[0]]["type"] == "list" else member}


def anything(option: dict[str, t.Any]) -> t.Any:
    return option["choices"][0] if "choices" in option else ANYTHING[option["type"]]


def check(module: str, inside: Place, said: dict[str, t.Any]) -> Checked:
    spec = spec_of(module)
    return check_arguments({"argument_spec": spec}, arguments(spec, inside, said), module)


CASES = [(module, place, option) for module in MODULES for place, option in options_in(spec_of(module))]
each_option = pytest.mark.parametrize(
    ("module", "place", "option"), CASES, ids=[f"{module}-{'.'.join(place)}" for module, place, _option in CASES]
)


@each_option
def test_what_is_blank_is_not_set_or_refused(module: str, place: Place, option: dict[str, t.Any]) -> None:
    *inside, name = place
    where = tuple(inside)
    if name in TAKEN_AS_IT_IS:
        assert check(module, where, {name: "  "}).problem is None
        return
    blanks = [None] if name in CLEARED else BLANK_LISTS if option.get("type") == "list" else BLANKS
    may_be = name in CLEARED or may_be_blank(name, option, where)
    without = None if option.get("required") else check(module, where, {})
    for blank in blanks:
        got = check(module, where, {name: blank})
        if may_be and without:
            assert (got.problem, got.options) == (without.problem, without.options)
        else:
            assert f"{name}` must not be blank" in (got.problem or "")


@each_option
def test_one_blank_item_of_a_list_is_left_out_or_refused(module: str, place: Place, option: dict[str, t.Any]) -> None:
    *inside, name = place
    item = {"dict": {}, "path": "x", "str": option.get("choices", ["x"])[0]}.get(option.get("elements", ""))
    if option.get("type") != "list" or option.get("options"):
        return
    for given in ([item, ""], [" ", item], [item, None]):
        got = check(module, tuple(inside), {name: given})
        if may_be_blank(name, option, tuple(inside)):
            assert (got.problem, got.options) == (None, check(module, tuple(inside), {name: [item]}).options)
        else:
            assert f"{name}` must not be blank" in (got.problem or "")


@each_option
def test_no_option_has_an_alias_that_the_rule_would_not_know(
    module: str, place: Place, option: dict[str, t.Any]
) -> None:
    assert "aliases" not in option


def test_every_option_is_harmless_for_one_reason_or_must_not_be_blank() -> None:
    names = [name.rpartition(".")[2] for listed in UNSET.values() for name in listed]
    known = [*names, *CLEARED, *TAKEN_AS_IT_IS]
    refused = {place[-1] for _module, place, option in CASES if not may_be_blank(place[-1], option, place[:-1])}

    assert len(set(known)) == len(known)
    assert set(known) <= {place[-1] for _module, place, _option in CASES}, "the rule names an option that is nowhere"
    assert refused - set(known) == MUST_NOT_BE_BLANK - {"token"}


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ({"keys": [{"name": "a"}, {"name": "b", "service_id": ""}]}, "`keys[1].service_id`"),
        ({"keys": [{"name": "a"}, ""]}, "`keys`"),
        ({"keys": ["name=a state=absent service_id="]}, "`keys[0].service_id`"),
        ({"keys": ['{"name": "a", "iam_id": " "}']}, "`keys[0].iam_id`"),
        ({"keys": [], "keep_ids": "ApiKey-1,"}, "`keep_ids`"),
        ({"keys": [], "identities": [{"service_id": None}], "keep_ids": ""}, "`identities[0].service_id`, `keep_ids`"),
    ],
    ids=str,
)
def test_the_refusal_names_every_option_wherever_it_is_and_however_it_was_written(
    args: dict[str, t.Any], named: str
) -> None:
    problem = check_arguments({"argument_spec": spec_of("iam_api_key_bulk")}, args, "task").problem

    assert (problem or "").startswith(f"{named} must not be blank")


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"api_key": "", "api_key_file": "k.json"}, False),
        ({"api_key": None, "token": " ", "cr_token_file": "t"}, False),
        ({"profile_id": "", "profile_name": "p"}, False),
        ({"api_key": "", "profile_name": "p"}, True),
        ({"api_key": "", "token": ""}, True),
        ({"api_key": "k", "profile_id": ""}, True),
    ],
    ids=str,
)
def test_one_way_to_log_in_takes_the_place_of_another(args: dict[str, t.Any], problem: bool) -> None:
    """Otherwise the environment would say who the task works as."""
    checked = check_arguments({"argument_spec": spec_of("iam_caller_info")}, args, "task")

    assert ("must not be blank" in (checked.problem or "")) is problem
    if not problem:
        said = {name: value for name, value in args.items() if value and value.strip()}
        assert {name: checked.options[name] for name in args} == {**dict.fromkeys(args), **said}


def test_a_lookup_does_not_take_the_environment_for_a_blank_key() -> None:
    with pytest.raises(AnsibleError, match="iam_token: `api_key` must not be blank"):
        LookupModule().run([], api_key="")


def test_a_secret_beside_what_is_refused_is_known_as_one() -> None:
    """It may be an item of a loop, which Ansible would show."""
    args = {"keys": ["", {"key_value": "a-secret-of-the-task", "name": "a", "service_id": ""}]}
    checked = check_arguments({"argument_spec": spec_of("iam_api_key_bulk")}, args, "task")

    assert (checked.problem or "").startswith("`keys`, `keys[1].service_id` must not be blank")
    assert checked.secrets == {"a-secret-of-the-task"}


def test_an_empty_list_says_none() -> None:
    args = {"keys": [], "identities": [], "keep_ids": []}

    assert check_arguments({"argument_spec": spec_of("iam_api_key_bulk")}, args, "task").problem is None


@pytest.mark.parametrize("blank", ["", "   "])
def test_what_an_empty_text_clears_is_cleared_by_blanks(blank: str) -> None:
    got = check("iam_api_key", (), {"name": "a", "description": blank, "expires_at": blank})

    assert (got.problem, got.options["description"], got.options["expires_at"]) == (None, "", "")


def test_a_blank_value_to_store_stays_as_it_is() -> None:
    got = check("ansible_vault_vars", (), {"name": "a", "value": {"x": " ", "y": None}})

    assert got.options["value"] == {"x": " ", "y": None}


def test_what_cannot_be_read_is_left_to_ansible() -> None:
    problem = check_arguments({"argument_spec": spec_of("iam_api_key_bulk")}, {"keys": ["{oops"]}, "task").problem

    assert "must not be blank" not in (problem or "")
