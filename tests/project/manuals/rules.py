# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules for a manual. Each is a generator of what is wrong, in words."""

from __future__ import annotations

import re
import typing as t

from .manual import ELSEWHERE, OURS, ROOT, Manual, Members, sentences

Problems = t.Iterator[str]

MARKUP = re.compile(r"\b(?:[COVPMELRU]|RV)\((?:[^()]|\([^()]*\))*\)")
REFERENCE = re.compile(r"\b(O|RV|M|P)\(((?:[^()=]|\([^()]*\))*)(?:=[^)]*)?\)")
NUMBERED = re.compile(r"_(seconds|minutes|hours|days)$|[Hh]ow many|so many")
WITHOUT = re.compile(r"\b(Without|Unless|not set|Required|[Ii]nstead of|Exactly one)\b")
ATTRIBUTES = {"check_mode", "diff_mode", "idempotent", "platform", "connection", "async"}
SAMPLES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "raw": (object,),
}


def texts(manual: Manual) -> t.Iterator[tuple[str, str]]:
    """Every paragraph of the manual and where it stands."""
    doc = manual.doc
    parts: list[tuple[str, t.Any]] = [("description", doc.get("description")), ("notes", doc.get("notes"))]
    parts += [(f"option {name}", option.get("description")) for name, option in manual.options.items()]
    parts += [(f"value {name}", value.get("description")) for name, value in manual.values.items()]
    for name, attribute in (doc.get("attributes") or {}).items():
        parts += [(f"attribute {name}", attribute.get(part)) for part in ("description", "details")]
    yield from ((place, text) for place, part in parts for text in sentences(part))


def everything_is_described(manual: Manual) -> Problems:
    attributes = manual.doc.get("attributes") or {}
    members: Members = {"the plugin": manual.doc, **manual.options, **manual.values, **attributes}
    yield from (f"{name} has no description" for name, member in members.items() if not member.get("description"))
    if not manual.doc.get("short_description") or manual.doc["short_description"].endswith("."):
        yield "short_description is missing or ends with a full stop"
    for place, text in texts(manual):
        if not re.match(r"[A-Z0-9]|\b(?:[COVPMELRU]|RV)\(", text) or not text.endswith("."):
            yield f"{place}: not a sentence: {text!r}"


def markup_says_what_a_word_is(manual: Manual) -> Problems:
    names = {name for name in manual.doc.get("options") or {} if "_" in name}
    for place, text in texts(manual):
        bare = MARKUP.sub("", text)
        yield from (f"{place}: E({word})" for word in re.findall(r"\b[A-Z]+_[A-Z_]+\b", bare))
        yield from (f"{place}: M() or P() for {word}" for word in re.findall(r"\b[a-z]+\.[a-z]+\.[a-z_]+", bare))
        yield from (f"{place}: O({word})" for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", bare) if word in names)
        yield from (f"{place}: V() for {word}" for word in re.findall(r"\bC\((true|false|null|none)\)", text))
        yield from (f"{place}: O() for {word}" for word in re.findall(r"\bC\((\w+)\)", text) if word in names)
        yield from (f"{place}: no backticks" for _dummy in re.findall("`", text))


def references_lead_somewhere(manual: Manual, others: t.Mapping[str, Manual]) -> Problems:
    for place, text in texts(manual):
        for kind, target in REFERENCE.findall(text):
            name, _hash, rest = target.partition("#")
            about, _colon, member = rest.partition(":")
            if kind in "MP":
                if name.startswith(OURS) and name not in others:
                    yield f"{place}: there is no {name}"
                if kind == "P" and not about:
                    yield f"{place}: P({target}) does not say of which kind"
                continue
            there, member = (others.get(name), member) if rest else (manual, name)
            known = (there.options if kind == "O" else there.values) if there else {}
            if re.sub(r"\[[^]]*\]", "", member) not in known:
                yield f"{place}: there is no {kind}({target})"


def options_tell_what_happens(manual: Manual) -> Problems:
    for name, option in manual.options.items():
        text = " ".join(sentences(option.get("description")))
        if text.startswith(ELSEWHERE):
            continue
        choices = option.get("choices") or []
        unexplained = [choice for choice in choices if f"V({choice})" not in text]
        if unexplained:
            yield f"option {name} does not explain {unexplained}"
        if not option.get("required") and option.get("default") is None and not WITHOUT.search(text):
            yield f"option {name} does not say what holds without it"
        if option.get("type") in ("int", "float") and not (NUMBERED.search(name) or NUMBERED.search(text)):
            yield f"option {name} has no unit"


def attributes_are_told(manual: Manual) -> Problems:
    if manual.kind != "module":
        return
    told = manual.doc.get("attributes") or {}
    yield from (f"attribute {name} is missing" for name in sorted(ATTRIBUTES - told.keys()))
    yield from (f"attribute {name} does not say its support" for name, one in told.items() if not one.get("support"))
    for name, one in told.items():
        if one.get("support") == "partial" and not one.get("details"):
            yield f"attribute {name} is supported in part and does not say which"
    if "iam_endpoint" in manual.options and "action_group" not in told:
        yield "attribute action_group is missing"
    if not {"action", "in_process"} & told.keys():
        yield "neither action nor in_process says where it runs"


def values_have_samples(manual: Manual) -> Problems:
    if manual.kind != "role" and not manual.returns:
        yield "it returns nothing"
    for name, value in manual.values.items():
        # Ansible names the value of a lookup itself.
        if not value.get("returned") and name != "_raw":
            yield f"value {name} does not say when it is returned"
        if value.get("contains"):
            continue
        if "sample" not in value:
            yield f"value {name} has no sample"
        elif not isinstance(value["sample"], SAMPLES[value.get("type", "str")]):
            yield f"value {name} has a sample that is no {value.get('type', 'str')}"


def others_are_named(manual: Manual, others: t.Mapping[str, Manual]) -> Problems:
    if manual.kind == "role":
        return
    entries = manual.doc.get("seealso") or []
    named = {entry.get("module") or entry.get("plugin") for entry in entries}
    ours = {name for name in named if name and name.startswith(OURS)}
    yield from (f"seealso: there is no {name}" for name in sorted(ours - others.keys()))
    for other in others.values():
        back = {entry.get("module") or entry.get("plugin") for entry in other.doc.get("seealso") or []}
        if manual.name in back and other.name not in named:
            yield f"{other} names it in seealso, and it does not name {other.name}"
    links = [entry["link"] for entry in entries if "link" in entry]
    if not [link for link in links if "/docs/" in link]:
        yield "seealso names no guide"
    for link in links:
        if not re.match(r"https://github.com/cloudkeys/ibmcloud/(blob|tree)/main/", link):
            yield f"seealso: {link} is not of this repository"
        elif not (ROOT / link.split("/main/")[1]).exists():
            yield f"seealso: there is no {link.split('/main/')[1]}"


def origin_is_told(manual: Manual, version: str) -> Problems:
    added = str(manual.doc.get("version_added", ""))
    if not re.fullmatch(r"\d+\.\d+\.\d+", added) or _number(added) > _number(version):
        yield f"version_added {added!r} is not a version up to {version}"
    if manual.kind != "role" and manual.doc.get("author") != ["The cloudkeys authors (@cloudkeys)"]:
        yield "author is missing or another"


def _number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
