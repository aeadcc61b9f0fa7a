# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every manual that `ansible-doc` shows keeps the rules of tests/project/manuals, and each rule notices its defect."""

from __future__ import annotations

import copy
import functools
import importlib
import typing as t

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.tests.project.manuals import examples, rules
from ansible_collections.cloudkeys.ibmcloud.tests.project.manuals.manual import OURS, ROOT, Manual, read_all

PLUGINS = "ansible_collections.cloudkeys.ibmcloud.plugins"
NAMES = sorted(
    [f"module {path.stem}" for path in ROOT.glob("plugins/modules/*.py")]
    + [f"lookup {path.stem}" for path in ROOT.glob("plugins/lookup/*.py")]
    + [f"role {path.name}" for path in ROOT.glob("roles/*")]
)
Rule = t.Callable[[Manual], t.Iterator[str]]


@functools.cache
def manuals() -> dict[str, Manual]:
    return {manual.name: manual for manual in read_all()}


@functools.cache
def specs() -> dict[str, dict[str, t.Any]]:
    """What each module and lookup accepts: a lookup has no spec but its manual."""
    found: dict[str, dict[str, t.Any]] = {}
    for manual in manuals().values():
        short = manual.name.removeprefix(OURS)
        if manual.kind == "lookup":
            found[manual.name] = {"argument_spec": manual.options}
        elif manual.kind == "module":
            found[manual.name] = importlib.import_module(f"{PLUGINS}.action.{short}").SPEC
    return found


@functools.cache
def version() -> str:
    return str(yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])


RULES: dict[str, Rule] = {
    "described": rules.everything_is_described,
    "markup": rules.markup_says_what_a_word_is,
    "references": lambda manual: rules.references_lead_somewhere(manual, manuals()),
    "options": rules.options_tell_what_happens,
    "attributes": rules.attributes_are_told,
    "values": rules.values_have_samples,
    "seealso": lambda manual: rules.others_are_named(manual, manuals()),
    "origin": lambda manual: rules.origin_is_told(manual, version()),
    "tasks": lambda manual: examples.examples_are_tasks(manual, specs()),
    "uses": lambda manual: examples.examples_show_each_use(manual, specs()),
}


def test_every_plugin_and_role_has_a_manual() -> None:
    assert sorted(map(str, manuals().values())) == NAMES


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NAMES)
def test_a_manual_keeps_the_rule(name: str, rule: str) -> None:
    manual = next(manual for manual in manuals().values() if str(manual) == name)

    assert list(RULES[rule](manual)) == []


def a_good_manual() -> Manual:
    return copy.deepcopy(manuals()[f"{OURS}iam_api_key"])


def broken(place: str, value: t.Any) -> Manual:
    """A good manual with one thing put wrong: `doc.options.name.type`; a value of None takes it away."""
    manual = a_good_manual()
    *way, last = place.split(".")
    inside: t.Any = manual
    for name in way:
        inside = inside[name] if isinstance(inside, dict) else getattr(inside, name)
    if value is None:
        del inside[last]
    elif isinstance(inside, Manual):
        object.__setattr__(inside, last, value)
    else:
        inside[last] = value
    return manual


def an_example(text: str) -> str:
    return f"- name: Do it\n  cloudkeys.ibmcloud.iam_api_key:\n    {text}\n"


NAME = "doc.options.name.description"
DEFECTS: list[tuple[str, str, t.Any, str]] = [
    ("described", "doc.options.name.description", None, "name has no description"),
    ("described", "doc.short_description", "Ends with a stop.", "short_description"),
    ("described", NAME, ["no sentence"], "not a sentence"),
    ("markup", NAME, "It is in IBMCLOUD_API_KEY.", "E(IBMCLOUD_API_KEY)"),
    ("markup", NAME, "See cloudkeys.ibmcloud.iam_api_key.", "M() or P()"),
    ("markup", NAME, "Goes with service_id.", "O(service_id)"),
    ("markup", NAME, "Is C(true).", "V() for true"),
    ("markup", NAME, "Goes with C(service_id).", "O() for service_id"),
    ("markup", NAME, "Is `x`.", "no backticks"),
    ("references", NAME, "See O(nme).", "there is no O(nme)"),
    ("references", NAME, "See RV(ky).", "there is no RV(ky)"),
    ("references", NAME, "See M(cloudkeys.ibmcloud.none).", "there is no cloudkeys.ibmcloud.none"),
    ("references", NAME, "See P(cloudkeys.ibmcloud.iam_token).", "of which kind"),
    ("references", NAME, "See O(cloudkeys.ibmcloud.iam_service_id#module:nme).", "there is no O("),
    ("options", "doc.options.state.description", "V(present) creates.", "does not explain ['absent']"),
    ("options", NAME, "Name of the key.", "what holds without it"),
    ("options", "doc.options.name", {"type": "int", "required": True, "description": "A number."}, "has no unit"),
    ("attributes", "doc.attributes.platform", None, "attribute platform is missing"),
    ("attributes", "doc.attributes.platform.support", None, "does not say its support"),
    ("attributes", "doc.attributes.platform.support", "partial", "does not say which"),
    ("attributes", "doc.attributes.action_group", None, "action_group is missing"),
    ("attributes", "doc.attributes.in_process", None, "neither action nor in_process"),
    ("values", "returns", {}, "it returns nothing"),
    ("values", "returns.key_value.returned", None, "when it is returned"),
    ("values", "returns.api_key.contains.crn.sample", None, "api_key.crn has no sample"),
    ("values", "returns.key_value.sample", 5, "a sample that is no str"),
    ("seealso", "doc.seealso", [{"module": f"{OURS}none"}], "there is no cloudkeys.ibmcloud.none"),
    ("seealso", "doc.seealso", [], "names it in seealso, and it does not name"),
    ("seealso", "doc.seealso", [], "names no guide"),
    ("seealso", "doc.seealso", [{"link": "https://example.com/docs/x.md"}], "not of this repository"),
    (
        "seealso",
        "doc.seealso",
        [{"link": "https://github.com/cloudkeys/ibmcloud/blob/main/docs/none.md"}],
        "there is no docs/none.md",
    ),
    ("origin", "doc.version_added", "99.0.0", "not a version up to"),
    ("origin", "doc.author", [], "author is missing"),
    ("tasks", "examples", "[]", "there are no examples"),
    ("tasks", "examples", an_example("{name: x}").replace("- name: Do it\n", "-\n"), "has no name"),
    ("tasks", "examples", an_example("{name: x}").replace(OURS, ""), "is not named in full"),
    ("tasks", "examples", an_example("{nme: x, name: x}"), "nme. Supported"),
    ("tasks", "examples", an_example("{name: x, state: gone}"), "must be one of"),
    ("tasks", "examples", an_example("{state: absent}"), "one of the following is required"),
    ("tasks", "examples", an_example("""{name: "{{ lookup('iam_token') }}"}"""), "the lookup iam_token is not named"),
    (
        "tasks",
        "examples",
        an_example("""{name: "{{ lookup('cloudkeys.ibmcloud.iam_token', ky=1) }}"}"""),
        "has no option ky",
    ),
    ("uses", "examples", "- name: Do it\n  ansible.builtin.debug:\n", "no example calls it"),
    ("uses", "examples", an_example("{name: x}"), "no example says `# In AWX`"),
    ("uses", "examples", an_example("{name: x}"), "no comment shows"),
    ("uses", "examples", f"{an_example('')}# ansible localhost -m {OURS}none\n", "there is no cloudkeys.ibmcloud.none"),
    ("uses", "examples", f"{an_example('')}# ansible localhost -m {OURS}iam_api_key -a nme=x\n", "ad hoc: nme"),
    ("uses", "examples", f"{an_example('')}# ansible localhost -m {OURS}iam_api_key \\\n#  -a nme=x\n", "ad hoc: nme"),
]


@pytest.mark.parametrize(("rule", "place", "value", "says"), DEFECTS)
def test_a_rule_notices_its_defect(rule: str, place: str, value: t.Any, says: str) -> None:
    assert list(RULES[rule](a_good_manual())) == []
    assert says in " ".join(RULES[rule](broken(place, value)))
