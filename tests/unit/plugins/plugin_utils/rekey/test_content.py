# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import functools
import json
import typing as t

import pytest
from ansible.parsing.vault import VaultAES256, VaultLib, format_vaulttext_envelope
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.content import rekey
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import forget_derived_keys
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    AmbiguousSecret,
    CannotEdit,
    NoSecret,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey import laws
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey.laws import sealed


@functools.cache
def work() -> t.Any:
    """One for all examples: it remembers what it opened."""
    return laws.order()


def block(vaulttext: str, depth: int = 4) -> str:
    return "".join(f"{' ' * depth}{line}\n" for line in vaulttext.splitlines())


def states(done: t.Any) -> list[tuple[t.Any, ...]]:
    return [(place.line, place.label, place.state) for place in done.places]


OLD = sealed("old", b"value", "prod")
FORMS = {
    "a block": f"a: !vault |\n{block(OLD)}",
    "a block with a comment and without a last line end": f"a: !vault |  # c\n{block(OLD)}".rstrip("\n"),
    "a block that is deeper, with a tag in its long form": f"a: !<!vault> &x |-\n{block(OLD, 9)}b: *x\n",
    "a block with tag, comment and anchor on lines of their own": f"a: !vault # it's\n  &x\n  |2\n{block(OLD, 2)}",
    "a folded block": f"a: !vault >\n{block(OLD).replace(chr(10), chr(10) * 2)}b: 1\n",
    "double quotes": f"a: {{b: [!vault {json.dumps(OLD)}, 2]}}\n",
    "double quotes without a last line end": f"a: !vault {json.dumps(OLD.rstrip())}\n",
    "single quotes": f"a: !vault '{OLD.rstrip().replace(chr(10), chr(10) * 2 + '  ')}'\n",
    "single quotes with a last line end": f"a: [!vault '{OLD.replace(chr(10), chr(10) * 2 + '  ')}']\n",
    "JSON": json.dumps({"a": [{"__ansible_vault": OLD}, 1]}, indent=3),
    "JSON that escapes a name": json.dumps({"a": {"__ansible_vault": OLD}}).replace("__ansible", "\\u005f_ansible"),
    "a key": f"? !vault |\n{block(OLD)}: b\n",
    "a list of several documents": f"- !vault |\n{block(OLD)}---\n- - - !vault |\n{block(OLD, 9)}...\n---\nb: 1\n",
    "an inventory": f"all:\n  hosts:\n    h:\n      pw: !vault |\n{block(OLD, 10)}      ansible_port: 22\n",
    "carriage returns": f"a: !vault |\n{block(OLD)}b: 1\n".replace("\n", "\r\n"),
    "a mark at the begin": f"\ufeffa: !vault |\n{block(OLD)}# end",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=list(FORMS))
def test_a_form_of_a_value(text: str) -> None:
    done = laws.check(text, work())

    assert done is not None
    assert {place.state for place in done.places} == {"moved"}
    assert OLD.split("\n")[1][:60] not in done.content.decode()


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"-----BEGIN\n", b"a: 1\n", "ä: ü\n".encode()])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", ["", "\n", "\n\n"])
def test_a_whole_file_whatever_is_in_it(content: bytes, newline: str, tail: str) -> None:
    before = (sealed("old", content, "default").rstrip("\n") + tail).replace("\n", newline).encode()

    done = rekey(before, work(), is_yaml=True)

    assert VaultLib([("prod", laws.SECRETS["new"])]).decrypt(done.content) == content
    assert done.content.startswith(f"$ANSIBLE_VAULT;1.2;AES256;prod{newline}".encode())
    assert (done.content[len(done.content.rstrip()) :], b"\r" in done.content) == (
        tail.replace("\n", newline).encode(),
        newline == "\r\n",
    )
    assert rekey(done.content, work(), is_yaml=True).content == done.content


@pytest.mark.parametrize(("whole", "line"), [("old", "moved"), ("another", "other"), ("new", "done")])
def test_a_value_inside_a_whole_file_moves_whatever_the_file_is_under(whole: str, line: str) -> None:
    inner = f"a: !vault |\n{block(OLD)}"

    done = rekey(sealed(whole, inner.encode(), "prod").encode(), work(), is_yaml=True)

    assert states(done) == [(1, "prod", line), (1, "prod", "moved")]
    after = VaultLib([("any", laws.SECRETS["new" if whole == "old" else whole])]).decrypt(done.content).decode()
    assert laws.said(after, ["new"]) == [{"a": "opened value"}]


def test_what_is_in_a_file_that_is_no_variables_stays_as_it_is() -> None:
    script = f"echo '{OLD}'\n\t: no YAML".encode()

    done = rekey(sealed("old", script, "prod").encode(), work(), is_yaml=False)

    assert VaultLib([("any", laws.SECRETS["new"])]).decrypt(done.content) == script


def test_what_counts_is_the_secret_and_not_the_id() -> None:
    text = "".join(
        f"{name}_{label}: !vault |\n{block(sealed(name, b'x', label))}"
        for name, label in [("old", "new"), ("new", "prod"), ("new", "old"), ("another", "old"), ("older", "default")]
    )

    done = laws.check(text, work())

    assert done is not None
    assert [(place.label, place.state, place.opened_by) for place in done.places] == [
        ("new", "moved", "old"),
        ("prod", "done", "new"),
        ("old", "moved", "new"),
        ("old", "other", "another"),
        ("default", "moved", "older"),
    ]
    without = rekey(text.encode(), laws.order(None), is_yaml=True)
    assert [place.state for place in without.places] == ["moved", "done", "moved", "moved", "moved"]


def test_a_header_without_an_id_is_written_for_the_default_one() -> None:
    done = rekey(OLD.encode(), laws.order(label="default"), is_yaml=True)

    assert done.content.startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")


def test_what_cannot_be_opened_stays_and_the_rest_moves() -> None:
    closed = sealed("unknown", b"x", "dev")
    text = f"a: !vault |\n{block(closed)}b: !vault |\n{block(OLD)}c: !vault |\n{block(OLD)[:-9]}\n"

    done = rekey(text.encode(), work(), is_yaml=True)

    assert [(place.state, place.line) for place in done.places] == [("unreadable", 1), ("moved", 8), ("unreadable", 15)]
    assert block(closed).encode() in done.content


def test_what_was_encrypted_twice_is_not_moved() -> None:
    digits = VaultAES256.encrypt(OLD.encode(), laws.SECRETS["old"])
    twice = format_vaulttext_envelope(digits, "AES256", vault_id="prod")

    done = rekey(twice, work(), is_yaml=True)

    assert done.content == twice
    assert [place.state for place in done.places] == ["unreadable"]
    assert "cipher text once more" in str(done.places[0].problem)


def test_the_same_cipher_text_stays_the_same() -> None:
    done = rekey(f"a: !vault |\n{block(OLD)}b: !vault |\n{block(OLD)}".encode(), work(), is_yaml=True)

    one, other = done.content.decode().split("b: ")
    assert one.removeprefix("a: ") == other


def test_two_values_that_are_equal_get_salts_of_their_own() -> None:
    text = f"a: !vault |\n{block(OLD)}b: !vault |\n{block(sealed('old', b'value', 'prod'))}"

    one, other = rekey(text.encode(), work(), is_yaml=True).content.decode().split("b: ")

    assert one.removeprefix("a: ") != other


def test_cipher_text_that_is_no_value_is_told_of() -> None:
    text = f"a: |\n{block(OLD)}# $ANSIBLE_VAULT;1.1;AES256\nb: !vault |\n{block(OLD)}"

    done = rekey(text.encode(), work(), is_yaml=True)

    assert states(done) == [(9, "prod", "moved"), (2, "", "text"), (8, "", "text")]
    assert done.content.startswith(text.split("b: ", maxsplit=1)[0].encode())


@pytest.mark.parametrize("text", [b"\xff $ANSIBLE_VAULT", b"a: [\n# $ANSIBLE_VAULT", b"a: 1\r\nb: $ANSIBLE_VAULT\n"])
def test_a_text_that_cannot_be_read_is_refused(text: bytes) -> None:
    with pytest.raises(CannotEdit, match="line"):
        rekey(text, work(), is_yaml=True)


def test_each_value_costs_an_opening_a_sealing_and_an_opening_with_a_key_of_its_own(monkeypatch) -> None:
    derive, derived = VaultAES256._create_key_cryptography, []
    monkeypatch.setattr(
        VaultAES256, "_create_key_cryptography", staticmethod(lambda *given: derived.append(given) or derive(*given))
    )
    text = "".join(f"v{number}: !vault |\n{block(sealed('old', b'x', 'prod'))}" for number in range(4))
    forget_derived_keys()
    derived.clear()

    rekey(text.encode(), laws.order(["old"]), is_yaml=True)

    assert len(derived) == 3 * 4


@pytest.fixture
def derived(monkeypatch) -> list[t.Any]:
    """One member for each key that is derived, from what."""
    derive, derived = VaultAES256._create_key_cryptography, []
    monkeypatch.setattr(
        VaultAES256, "_create_key_cryptography", staticmethod(lambda *given: derived.append(given) or derive(*given))
    )
    return derived


def test_a_text_that_stands_twice_and_a_move_that_is_planned_again_are_proven_once(derived: list[t.Any]) -> None:
    text = f"a: !vault |\n{block(OLD)}b: !vault |\n{block(OLD)}".encode()
    order = laws.order(["old"])
    forget_derived_keys()

    done = rekey(text, order, is_yaml=True)

    assert len(derived) == 3
    assert rekey(text, order, is_yaml=True).content == done.content
    assert len(derived) == 3


@pytest.mark.parametrize("at", [0, 40, 70], ids=["to encrypt", "to sign", "to begin with"])
def test_a_key_that_was_derived_wrong_once_is_noticed(monkeypatch, at: int) -> None:
    """Nothing would ever open what is sealed with it, and the key in memory is the only one that says otherwise."""
    derive, wrong = VaultAES256._create_key_cryptography, []

    def wrong_once(password: bytes, *given: t.Any) -> bytes:
        key = derive(password, *given)
        if password != laws.SECRETS["new"].bytes or wrong:
            return key
        wrong.append(password)
        return key[:at] + bytes([key[at] ^ 1]) + key[at + 1 :]

    for content in (OLD, f"a: !vault |\n{block(OLD)}"):
        order = laws.order(["old"])
        # What is tried with the new secret while opening is no sealing.
        order.open(OLD)
        wrong.clear()
        with monkeypatch.context() as patch:
            patch.setattr(VaultAES256, "_create_key_cryptography", staticmethod(wrong_once))
            with pytest.raises(CannotEdit, match="does not read back"):
                rekey(content.encode(), order, is_yaml=True)
        assert wrong


def test_a_sealing_that_the_new_secret_does_not_open_is_refused(monkeypatch) -> None:
    broken = laws.order()
    monkeypatch.setattr(broken, "seal", lambda _vaulttext, plaintext: sealed("another", plaintext, laws.LABEL))

    for content in (OLD, f"a: !vault |\n{block(OLD)}"):
        with pytest.raises(CannotEdit, match="does not read back"):
            rekey(content.encode(), broken, is_yaml=True)


@pytest.mark.parametrize("wrong", ["label", "value"])
def test_a_sealing_under_another_id_or_of_another_value_is_refused(monkeypatch, wrong: str) -> None:
    broken = laws.order()
    label, more = ("dev", b"") if wrong == "label" else (laws.LABEL, b"!")
    monkeypatch.setattr(broken, "seal", lambda _vaulttext, plaintext: sealed("new", plaintext + more, label))

    for content in (OLD, f"a: !vault |\n{block(OLD)}"):
        with pytest.raises(CannotEdit, match="does not read back"):
            rekey(content.encode(), broken, is_yaml=True)


@pytest.mark.parametrize(
    ("ids", "old", "to", "label", "error", "says"),
    [
        ({"a": "old", "b": "new"}, ["c"], "b", None, NoSecret, "'c' is not loaded; these are: a, b"),
        ({"a": "old", "b": "new"}, ["a"], "c", None, NoSecret, "'c' is not loaded"),
        ({"a": "old", "b": "new"}, ["a", "b"], "b", None, AmbiguousSecret, "'b' is loaded under one of the ids"),
        ({"a": "old", "b": "old"}, ["a"], "b", None, AmbiguousSecret, "nothing would get another password"),
        ({"a": "old", "b": "new"}, [], "b", None, NoSecret, "names no vault id"),
        ({"a": "old", "b": "new"}, ["a"], "b", "a;b", CannotEdit, "'a;b'"),
        ({"a": "new", "b": "new"}, None, "b", None, AmbiguousSecret, r"all loaded vault ids \(a, b\) have the same"),
        ({}, None, "b", None, NoSecret, "no vault secret is loaded"),
    ],
)
def test_secrets_that_mean_nothing_or_two_things_are_refused(ids, old, to, label, error, says) -> None:
    cipher = laws.Cipher([(vault_id, laws.SECRETS[name]) for vault_id, name in ids.items()])

    with pytest.raises(error, match=says):
        laws.order_of(cipher, old, to, label)


def test_one_secret_alone_writes_another_id() -> None:
    work = laws.order_of(laws.Cipher([("b", laws.SECRETS["new"])]), None, "b", "prod")

    (place,) = rekey(sealed("new", b"x", "dev").encode(), work, is_yaml=True).places

    assert (place.state, place.label, work.label) == ("moved", "dev", "prod")


@pytest.mark.parametrize("outer", ["old", "another"])
def test_a_value_inside_a_whole_file_of_any_name_moves(outer: str) -> None:
    inside = f"a: !vault |\n{block(OLD)}"

    done = rekey(sealed(outer, inside.encode(), "prod").encode(), laws.order(), is_yaml=False)

    assert [place.state for place in done.places] == ["moved" if outer == "old" else "other", "moved"]


def test_cipher_text_inside_a_whole_file_that_is_no_yaml_is_told() -> None:
    whole = sealed("old", b"[\n$ANSIBLE_VAULT;1.1;AES256\n", "prod").encode()

    assert [(place.state, place.line) for place in rekey(whole, laws.order(), is_yaml=False).places] == [
        ("moved", 1),
        ("text", 2),
    ]
    with pytest.raises(CannotEdit):
        rekey(whole, laws.order(), is_yaml=True)


def test_two_new_secrets_under_one_id_are_refused() -> None:
    cipher = laws.Cipher([("prod", laws.SECRETS["old"]), ("prod", laws.SECRETS["new"])])

    with pytest.raises(AmbiguousSecret, match="two different secrets are loaded under the vault id 'prod'"):
        laws.order_of(cipher, None, "prod", None)


def test_one_secret_that_is_loaded_twice_is_one() -> None:
    cipher = laws.Cipher([("prod", laws.SECRETS["new"]), ("x", laws.SECRETS["old"]), ("prod", laws.SECRETS["new"])])

    done = rekey(OLD.encode(), laws.order_of(cipher, ["x"], "prod", None), is_yaml=True)

    assert [(place.state, place.opened_by) for place in done.places] == [("moved", "x")]
