# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys in messy texts: found wherever they stand, and told by where, never by what."""

from __future__ import annotations

import base64
import contextlib
import json
import quopri
import string
import time
from urllib.parse import quote

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.pasted import MOST_CANDIDATES, take_apart
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.unwrapped import text_of
from hypothesis import given, settings
from hypothesis import strategies as st

VALUE = "Qx7-tVb2_kLm9ZpR4sWd8YhN1cFg6JuE3aTo5iXvB0Cq"
OWN = "my-own-Value_of_32_characters_0x"
ID = "ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


MESSY = {
    "alone": VALUE,
    "with blanks": f"   {VALUE} \t ",
    "assigned": f"IBMCLOUD_API_KEY={VALUE}",
    "exported": f"export IBMCLOUD_API_KEY='{VALUE}'; run",
    "in quotes": f'"{VALUE}"',
    "in typographic quotes": f"the key is \u201c{VALUE}\u201d.",
    "yaml": f"ibmcloud_api_key: {VALUE}   # prod",
    "yaml, quoted": f'  api_key: "{VALUE}"',
    "terraform": f'  ibmcloud_api_key = "{VALUE}"',
    "json of the CLI": json.dumps({"name": "deploy", "apikey": VALUE, "createdAt": "2026-03-04T09:15+0000"}),
    "json in lines": json.dumps({"apikey": VALUE, "name": "x"}, indent=2),
    "json in json": json.dumps({"body": json.dumps({"apikey": VALUE})}),
    "json twice in json": json.dumps(json.dumps({"body": json.dumps({"apikey": VALUE})})),
    "command": f"ibmcloud login --apikey {VALUE} -r eu-de",
    "command with =": f"ibmcloud login --apikey={VALUE}",
    "curl": f"curl -d 'grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey={VALUE}' https://iam.cloud.ibm.com",
    "curl, quoted for the form": f"apikey%3D{VALUE}%26response_type%3Dcloud_iam",
    "basic log-in of curl": f"curl -u apikey:{VALUE} https://x.example",
    "basic header": f"Authorization: Basic {b64(f'apikey:{VALUE}')}",
    "secret of Kubernetes": f"  api-key: {b64(VALUE)}",
    "json in base64": b64(json.dumps({"apikey": VALUE})),
    "base64 of the shell": b64(f"{VALUE}\n"),
    "diff, added": f"+IBMCLOUD_API_KEY={VALUE}",
    "diff, a line of its own": f"-{VALUE}",
    "log": f"2026-11-29T03:14:15Z ERROR deploy[231] login failed key={VALUE} user=ci",
    "log with colours": f"\x1b[31mapikey\x1b[0m: \x1b[1m{VALUE[:20]}\x1b[0m{VALUE[20:]}",
    "log, line break in quotes": f'"msg": "apikey:\\n{VALUE}\\nend"',
    "url": f"https://x.example/cb?apikey={VALUE}&x=1",
    "markdown": f"Use `{VALUE}` for prod",
    "markdown list": f"- {VALUE}",
    "html": f"<td>API&nbsp;key</td><td>{VALUE}</td>",
    "html entities": f"<code>{VALUE.replace('-', '&#45;').replace('_', '&#x5f;')}</code>",
    "json escapes": json.dumps({"apikey": VALUE}).replace("-", "\\u002d"),
    "percent": f"apikey={quote(VALUE).replace('-', '%2D').replace('_', '%5F')}",
    "mail": quopri.encodestring(f"Hello, the api key you asked for is {VALUE} and works".encode()).decode(),
    "mail, hyphens of an editor": VALUE.replace("-", "\u2011"),
    "zero-width": "\u200b".join([VALUE[:10], VALUE[10:30], VALUE[30:]]),
    "soft hyphens": VALUE[:22] + "\u00ad" + VALUE[22:],
    "full width": "".join(chr(ord(c) + 0xFEE0) for c in VALUE),
    "wrapped": f"apikey = {VALUE[:20]}\n    {VALUE[20:]}",
    "wrapped, long first part": f"{VALUE[:36]}\n{VALUE[36:]}",
    "wrapped by a script": f"KEY={VALUE[:30]}\\\n{VALUE[30:]}",
    "wrapped between two short parts": f"it was {VALUE[:22]}\n{VALUE[22:]} I think",
    "wrapped in a diff": f"-{VALUE[:22]}\n{VALUE[22:]}",
    "csv": f"deploy,{ID},{VALUE},2026-01-01",
    "xml": f'<add key="ApiKey" value="{VALUE}"/>',
    "properties": f"ibm.cloud.apikey={VALUE}",
    "ini with a semicolon": f"apikey = {VALUE};",
    "python": f"IAMAuthenticator('{VALUE}')",
    "docker": f"ENV IBMCLOUD_API_KEY {VALUE}",
    "windows": f"set IBMCLOUD_API_KEY={VALUE}\r\n",
    "chat": f"> hey, here is the api key: {VALUE}, pls delete",
    "own value alone": OWN,
    "own value in html": f"<td><b>{OWN}</b></td>",
    "own value in prose": f"(it was {OWN}, I think)",
    "own value, named": f"IBMCLOUD_API_KEY={OWN}",
    "own value in json": json.dumps({"apikey": OWN}),
    "own value in a diff": f"-{OWN}",
    "own value with signs": "apikey: p!ss@w0rd#of-32+characters~really",
    "a hexadecimal one of one's own, named": "apikey=0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
}
EXPECTED = {
    **dict.fromkeys(MESSY, VALUE),
    **{name: OWN for name in MESSY if name.startswith("own value")},
    "own value with signs": "p!ss@w0rd#of-32+characters~really",
    "a hexadecimal one of one's own, named": "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
}
# Of these nobody can say that a value stands there before it is looked up.
GUESSES = {
    "own value in html",
    "own value in prose",
    "wrapped",
    "wrapped by a script",
    "wrapped between two short parts",
    "wrapped in a diff",
    "mail",
}


@pytest.mark.parametrize("name", MESSY)
def test_a_value_is_found_in_a_messy_text(name: str) -> None:
    found = take_apart(MESSY[name], "values_file")

    holding = [each for each in found.candidates if EXPECTED[name] in each.readings]
    assert holding
    assert EXPECTED[name] in found.secrets
    assert any(each.is_strong for each in holding) or name in GUESSES
    # Each strong one that is not found makes a run red, so none may be strong besides.
    assert [each for each in found.candidates if each.is_strong and EXPECTED[name] not in each.readings] == []
    assert EXPECTED[name] not in repr(found)


def test_a_number_of_thousands_of_digits_hides_no_value() -> None:
    found = take_apart(f"&#{'9' * 5000}; apikey={VALUE.replace('-', '&#45;')}", "values_file")

    assert VALUE in {reading for each in found.candidates if each.is_strong for reading in each.readings}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1"])
def test_a_file_of_any_encoding_is_read(encoding: str) -> None:
    text = f"# Schl\u00fcssel\r\napikey={VALUE}\r\n"

    found = take_apart(text_of(text.encode(encoding)), "values_file")

    assert [(each.line, each.readings[0]) for each in found.candidates if each.is_strong] == [(2, VALUE)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello world",
        "IBMCLOUD_API_KEY=${IBMCLOUD_API_KEY}",
        "apikey: <value>",
        'apikey: "********"',
        "api_key: {{ vault_api_key }}",
        "iam-ServiceId-1f2e3d4c-5b6a-4798-8c9d-0e1f2a3b4c5d",
        "crn:v1:bluemix:public:iam-identity::a/0a1b2c3d4e5f60718293a4b5c6d7e8f9::apikey:ApiKey-3f0c1d2e",
        '"account_id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"',
        '"entity_tag": "1-0a1b2c3d4e5f60718293a4b5c6d7e8f9"',
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "docs/decisions/0012-a-file-that-does-not-last-is-refused.md",
        "https://cloud.ibm.com/docs/account?topic=account-userapikey&interface=ui",
        '"apikey_name": "deploy-production"',
        "================================================",
        "Bearer eyJhbGciOiJSUzI1NiJ9.eyJpYW1faWQiOiJJQk1pZC0yNzAwMDBBQkNEIn0.c2lnbmF0dXJlc2lnbmF0dXJl",
    ],
)
def test_what_is_no_value_is_not_one(text: str) -> None:
    assert [each for each in take_apart(text, "x").candidates if each.is_strong] == []


def test_a_token_is_no_candidate_and_nobody_may_see_it() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJpYW1faWQiOiJJQk1pZC0yNzAwMDBBQkNEIn0.c2lnbmF0dXJlc2lnbmF0dXJl"

    assert token in take_apart(f"Authorization: Bearer {token}", "x").secrets


@pytest.mark.parametrize(
    "short", [VALUE[:-1], f"IBMCLOUD_API_KEY={VALUE[:-1]}", f"api key: {VALUE[:20]}", OWN + "0" * 20]
)
def test_a_value_that_was_cut_or_glued_has_to_be_accounted_for(short: str) -> None:
    assert [each.is_strong for each in take_apart(short, "x").candidates] == [True]


def test_ids_and_lines_are_told_by_number() -> None:
    found = take_apart(f"\nkey {ID} of deploy\nnothing here\n\nAPIKEY={VALUE}\n", "x")

    assert found.ids == ((2, ID),)
    assert [each.line for each in found.candidates] == [5]
    assert found.lines == (2, 3, 5)
    assert ID not in found.secrets


def test_a_value_is_one_candidate_however_many_rules_see_it() -> None:
    found = take_apart(f'export IBMCLOUD_API_KEY="{VALUE}"\n--apikey "{VALUE}"', "x")

    assert [(each.line, each.readings[0]) for each in found.candidates] == [(1, VALUE), (2, VALUE)]


@pytest.mark.parametrize("text", ["x" * 1_000_001, f"{VALUE}\n" * (MOST_CANDIDATES + 1)])
def test_more_than_can_be_looked_up_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(TaskRefused) as caught:
        take_apart(text, "values_file")

    assert str(caught.value).startswith("values_file ")
    assert VALUE not in str(caught.value)


LONG_PARTS = (
    "a-",
    "=",
    "apikey=",
    "apikey ",
    '"',
    "\x1b]",
    "%41",
    "&#45;",
    "\\u002d",
    "crn:v1:",
    "aA0",
    "eyJ",
    "1-",
    " ",
)


def test_a_long_line_takes_no_time() -> None:
    before = time.process_time()
    for part in LONG_PARTS:
        with contextlib.suppress(TaskRefused):
            take_apart((part * 40_000)[:40_000] + " " + VALUE, "x")
    assert time.process_time() - before < 2 * len(LONG_PARTS)


ALPHABET = string.ascii_letters + string.digits + "-_"
AROUND = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=ALPHABET), max_size=20)


@settings(max_examples=200, deadline=None)
@given(st.text(ALPHABET, min_size=44, max_size=44), AROUND, AROUND)
def test_any_value_of_ibm_s_is_found_between_anything(value: str, before: str, after: str) -> None:
    if set(value) <= set(string.hexdigits + "-"):
        return
    found = take_apart(f"{before} {value} {after}", "x")

    assert any(value in each.readings for each in found.candidates) or "eyJ" in value


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_taken_apart(text: str) -> None:
    found = take_apart(text, "x")

    assert all(reading in found.secrets for each in found.candidates for reading in each.readings)
    assert {each.line for each in found.candidates} <= set(found.lines) | {0}


SECOND = "Wb4kTq8_rLm2ZpV7sXd1YhN5cFg9JuE6aRo3iQvB0Mz4"
OWNS = ("own-Value-01-of-32-or-more-characters", "own-Value-02-of-32-or-more-characters")
SIDE_BY_SIDE = [
    "API_KEYS={0},{1}",
    '[{{"name":"a","apikey":"{0}"}},{{"name":"b","apikey":"{1}"}}]',
    '{{"apikey":"{0}","apikey2":"{1}"}}',
    "apikey={0}&api_key={1}",
    "{0},{1}",
    "{0}/{1}",
    "apikey={0}:{1}",
    "apikey%3D{0}%26apikey%3D{1}",
    '{{\\"apikey\\":\\"{0}\\",\\"apikey\\":\\"{1}\\"}}',
]


@pytest.mark.parametrize("form", [*SIDE_BY_SIDE, "{0}{1}"])
def test_values_side_by_side_are_a_candidate_each(form: str) -> None:
    found = take_apart(form.format(VALUE, SECOND), "x").candidates

    assert [VALUE in each.readings for each in found].count(True) == 1
    assert any(SECOND in each.readings and VALUE not in each.readings for each in found)


@pytest.mark.parametrize("form", SIDE_BY_SIDE)
def test_values_of_ones_own_side_by_side_are_a_candidate_each(form: str) -> None:
    found = take_apart(form.format(*OWNS), "x").candidates

    assert any(OWNS[0] in each.readings and OWNS[1] not in each.readings for each in found)
    assert any(OWNS[1] in each.readings and OWNS[0] not in each.readings for each in found)


@pytest.mark.parametrize("text", ["apikey={0}\nother={1}\n", '{{"apikey":"{0}","apikey2":"{1}"}}'])
def test_values_in_one_text_in_base64_are_a_candidate_each(text: str) -> None:
    encoded = base64.b64encode(text.format(VALUE, SECOND).encode()).decode()

    found = take_apart(f"config: {encoded}", "x").candidates

    assert any(VALUE in each.readings and SECOND not in each.readings for each in found)
    assert any(SECOND in each.readings and VALUE not in each.readings for each in found)
