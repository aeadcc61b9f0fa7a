# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a competent user writes with IBM's SDK to replace keys: create, prove, write one vault file, delete the old.

sdk_rotate.py SLOTS.json OUTPUT.yml PASSWORD_FILE THREADS     it survives no crash and no second run at the same time
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ansible.parsing.vault import VaultLib, VaultSecret
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_cloud_sdk_core.token_managers.iam_token_manager import IAMTokenManager
from ibm_platform_services import IamIdentityV1

slots = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
secret = VaultSecret(Path(sys.argv[3]).read_text(encoding="utf-8").strip().encode())
url = os.environ["IBMCLOUD_IAM_API_ENDPOINT"]
service = IamIdentityV1(authenticator=IAMAuthenticator(os.environ["IBMCLOUD_API_KEY"], url=url))
service.set_service_url(url)
account_id = os.environ["BENCHMARK_ACCOUNT_ID"]
vault = VaultLib([("default", secret)])


def keys_of(iam_id: str) -> list[dict[str, str]]:
    keys, token = [], None
    while True:
        query = {"account_id": account_id, "iam_id": iam_id, "pagesize": 100, "pagetoken": token}
        page = service.list_api_keys(**query).get_result()
        keys += page["apikeys"]
        if not page.get("next"):
            return keys
        token = parse_qs(urlsplit(page["next"]).query)["pagetoken"][0]


def keys_by_place(iam_id: str) -> dict[tuple[str, str], str]:
    return {(iam_id, key["name"]): key["id"] for key in keys_of(iam_id)}


def replace(slot: dict[str, str]) -> list[str]:
    """A new key that logs in, as the lines of the vault file."""
    made = service.create_api_key(name=slot["key_name"], iam_id=slot["iam_id"], account_id=account_id).get_result()
    IAMTokenManager(made["apikey"], url=url).get_token()
    sealed = vault.encrypt(made["apikey"].encode(), secret=secret).decode()
    return [f"{slot['name']}: !vault |", *(f"  {line}" for line in sealed.splitlines())]


def delete(slot: dict[str, str]) -> None:
    service.delete_api_key(id=there[slot["iam_id"], slot["key_name"]])


with ThreadPoolExecutor(int(sys.argv[4])) as pool:
    there: dict[tuple[str, str], str] = {}
    for found in pool.map(keys_by_place, sorted({slot["iam_id"] for slot in slots})):
        there.update(found)
    lines = ["---", *(line for written in pool.map(replace, slots) for line in written)]
    Path(sys.argv[2]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    list(pool.map(delete, slots))
