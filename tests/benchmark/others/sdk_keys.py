# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a competent user writes with IBM's SDK: see to it that each identity has its keys.

sdk_keys.py WISHES.json THREADS       one list for each identity, every page, then the keys that are missing
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import IamIdentityV1

wishes = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
threads = int(sys.argv[2])
url = os.environ["IBMCLOUD_IAM_API_ENDPOINT"]
service = IamIdentityV1(authenticator=IAMAuthenticator(os.environ["IBMCLOUD_API_KEY"], url=url))
service.set_service_url(url)
account_id = os.environ["BENCHMARK_ACCOUNT_ID"]


def keys_of(iam_id: str) -> list[dict[str, str]]:
    keys, token = [], None
    while True:
        query = {"account_id": account_id, "iam_id": iam_id, "pagesize": 100, "pagetoken": token}
        page = service.list_api_keys(**query).get_result()
        keys += page["apikeys"]
        if not page.get("next"):
            return keys
        token = parse_qs(urlsplit(page["next"]).query)["pagetoken"][0]


def names_of(iam_id: str) -> set[str]:
    return {key["name"] for key in keys_of(iam_id)}


def create(wish: tuple[str, str]) -> None:
    service.create_api_key(name=wish[1], iam_id=wish[0], account_id=account_id)


with ThreadPoolExecutor(threads) as pool:
    owners = sorted({iam_id for iam_id, _name in wishes})
    there = dict(zip(owners, pool.map(names_of, owners)))
    missing = [(iam_id, name) for iam_id, name in wishes if name not in there[iam_id]]
    list(pool.map(create, missing))
print(f"{len(missing)} created")
