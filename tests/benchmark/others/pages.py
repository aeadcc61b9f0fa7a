# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys of an account, page after page, over one connection: the least that anybody can do."""

from __future__ import annotations

import os
from urllib.parse import parse_qs, urlsplit

import requests

url = os.environ["IBMCLOUD_IAM_API_ENDPOINT"]
http = requests.Session()
form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": os.environ["IBMCLOUD_API_KEY"]}
token = http.post(f"{url}/identity/token", data=form, timeout=60).json()["access_token"]
query = {"account_id": os.environ["BENCHMARK_ACCOUNT_ID"], "scope": "account", "pagesize": "100"}
count = 0
while True:
    headers = {"Authorization": f"Bearer {token}"}
    page = http.get(f"{url}/v1/apikeys", params=query, headers=headers, timeout=60).json()
    count += len(page["apikeys"])
    if not page.get("next"):
        break
    query["pagetoken"] = parse_qs(urlsplit(page["next"]).query)["pagetoken"][0]
print(f"{count} keys")
