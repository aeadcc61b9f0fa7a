# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever goes wrong in a lookup, no value that it was given or had read is in the error."""

from __future__ import annotations

import importlib
import secrets
import traceback
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._careful_lookup import CarefulLookup


class Fails(CarefulLookup):
    """A lookup whose read raises what a test asks for, with the first term in the text."""

    kind: type[Exception] = Exception

    def set_options(self, **_words: t.Any) -> None:
        """It has no documentation, from which Ansible takes the options."""

    def read(self, ansible: t.Any, terms: list[t.Any]) -> list[t.Any]:
        raise self.kind(f"cannot read {terms[0]}")


class Reads(Fails):
    """A lookup with an option, which reads its terms."""

    options = ("file",)

    def read(self, ansible: t.Any, terms: list[t.Any]) -> list[t.Any]:
        return terms


def error_of(kind: type[Exception], value: str) -> AnsibleError:
    plugin = Fails()
    plugin.kind = kind
    with pytest.raises(AnsibleError) as caught:
        plugin.run([value])
    return caught.value


@pytest.mark.parametrize("kind", [AnsibleError, TaskRefused])
def test_a_message_of_ansible_or_ours_is_told_without_the_value(kind: type[Exception]) -> None:
    value = f"aA1{secrets.token_hex(20)}"

    error = error_of(kind, value)

    assert "test_careful_lookup: cannot read ***" in str(error)
    assert value not in "".join(traceback.format_exception(error))


def test_of_any_other_error_nothing_but_its_kind_is_told() -> None:
    error = error_of(ValueError, "a short text")

    assert "test_careful_lookup: Unexpected ValueError at test_careful_lookup.py:" in str(error)
    assert "a short text" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("options", [{"fil": "a"}, {"file": "a", "default": "b"}])
def test_an_option_that_nobody_reads_is_refused_and_named(options: dict[str, str]) -> None:
    slip = ({*options} - {"file"}).pop()

    with pytest.raises(AnsibleError, match=f"there is no option {slip}, only file"):
        Reads().run(["term"], **options)


def test_no_terms_are_refused() -> None:
    with pytest.raises(AnsibleError, match="nothing was named to be looked up"):
        Reads().run([], file="a")

    assert Reads().run(["term"], file="a") == ["term"]


@pytest.mark.parametrize("name", ["ansible_vault_value", "iam_api_key_history"])
def test_each_lookup_knows_the_options_of_its_manual(name: str) -> None:
    lookup = importlib.import_module(f"ansible_collections.cloudkeys.ibmcloud.plugins.lookup.{name}")

    documented = {*yaml.safe_load(lookup.DOCUMENTATION)["options"]} - {"_terms"}

    assert {*lookup.LookupModule.options} == documented
