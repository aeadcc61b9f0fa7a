# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One try of one request over HTTP: its answer, whoever gave it, or why there was none. Knows requests and urllib3."""

from __future__ import annotations

import email.utils
import functools
import json
import re
import socket
import traceback
import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.connections import BoundedAdapter
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.content import NotWhole, read_content
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.deadline import Deadline
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.endpoint import Endpoint
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pace import MOST_WIDTH

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    import urllib3
    from urllib3.exceptions import HTTPError, InsecureRequestWarning, NewConnectionError
except ImportError:  # reported through missing_required_lib by whoever starts the work
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

IN_SECONDS = re.compile("[0-9]{1,9}")


@dataclass(frozen=True)
class Request:
    """What is sent; `query`, `json` and `form` as requests takes them."""

    method: str
    path: str
    query: dict[str, t.Any] | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    json: t.Any = field(default=None, repr=False)
    form: dict[str, str] | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """The same for requests that take about as long: the id that they are about is left out."""
        parts = self.path.split("/")
        return " ".join([self.method, *parts[1:3], "one" if len(parts) > 3 else "", *parts[4:]])

    @property
    def secrets(self) -> list[str]:
        """The credentials and key values that it carries; a broken server may send them back in any place."""
        body = self.json if isinstance(self.json, dict) else {}
        bearer = self.headers.get("Authorization", "").rpartition(" ")[2]
        carried = [bearer, self.headers.get("IAM-ApiKey"), body.get("apikey"), *(self.form or {}).values()]
        return [each for each in carried if each]


@dataclass(frozen=True)
class Raw:
    """What came back; `content` is None when it is too large or cannot be unpacked."""

    status: int
    headers: t.Mapping[str, str]
    content: bytes | None = field(repr=False)

    @property
    def failure(self) -> retry.Failure:
        return retry.Failure(self.status, retry_after=self._retry_after)

    @property
    def _retry_after(self) -> float | None:
        """In seconds; a date is counted from the answer's own."""
        wish = (self.headers.get("Retry-After") or "").strip()
        if IN_SECONDS.fullmatch(wish):
            return float(wish)
        try:
            wanted, sent = (email.utils.parsedate_to_datetime(text) for text in (wish, self.headers.get("Date") or ""))
            return max(0.0, (wanted - sent).total_seconds())
        except (TypeError, ValueError, OverflowError, IndexError):
            return None


@dataclass(frozen=True)
class NoAnswer:
    """Why no answer came. The exception that said so is not kept: it may quote headers or a proxy's password."""

    why: str
    may_have_happened: bool
    failure: retry.Failure


class Wire:
    """Sends to one endpoint; `adapter` replaces the network in tests."""

    def __init__(self, endpoint: Endpoint, adapter: t.Any = None) -> None:
        self._endpoint = endpoint
        # Mounted into no session: that would read ~/.netrc, keep cookies, and read the page behind a redirect whole.
        self._adapter = adapter or BoundedAdapter(pool_maxsize=MOST_WIDTH)
        self._surroundings: dict[str, t.Any] | None = None
        self._headers = {
            "User-Agent": requests.utils.default_user_agent(),
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        if not endpoint.validate_certs:
            urllib3.disable_warnings(InsecureRequestWarning)

    @functools.cached_property
    def _address(self) -> str:
        """With the host as it is written in a request; raises what requests does for one that is none."""
        return str(requests.Request("GET", self._endpoint.url).prepare().url).rstrip("/")

    def exchange(self, request: Request, deadline: Deadline) -> Raw | NoAnswer:
        """Send a request once and read its answer."""
        try:
            timeout = deadline.seconds_left(retry.READ_TIMEOUT_SECONDS)
            response = self._adapter.send(
                self._prepared(request),
                stream=True,
                timeout=(min(timeout, retry.CONNECT_TIMEOUT_SECONDS), timeout),
                cert=None,
                **self._proxies_and_certificates(),
            )
            try:
                content = read_content(response, deadline)
            finally:
                response.close()
        except (requests.RequestException, HTTPError, NotWhole, OSError, UnicodeError) as error:
            return _no_answer(error, self._endpoint)
        return Raw(response.status_code, response.headers, content)

    def _prepared(self, request: Request) -> t.Any:
        """What requests would make of it, which costs some of a request's processor time (docs/benchmarks.md)."""
        headers, body = {**self._headers, **request.headers}, None
        if request.json is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(request.json, allow_nan=False).encode()
        elif request.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(request.form).encode()
        if body is not None or request.method != "GET":
            headers["Content-Length"] = str(len(body or b""))
        for header in request.headers.items():
            # As HTTP does it, before anything is sent.
            header[1].encode("latin-1")
            requests.utils.check_header_validity(header)
        query = {name: value for name, value in (request.query or {}).items() if value is not None}
        address = requests.utils.requote_uri(self._address + request.path)
        prepared = requests.PreparedRequest()
        prepared.method, prepared.body = request.method, body
        prepared.url = f"{address}?{urlencode(query)}" if query else address
        prepared.headers = requests.structures.CaseInsensitiveDict(headers)
        return prepared

    def _proxies_and_certificates(self) -> dict[str, t.Any]:
        """What requests finds in the environment; asked for once, because it takes a good part of a request's time."""
        if self._surroundings is None:
            ask = requests.Session().merge_environment_settings
            found = ask(self._endpoint.url, {}, None, self._endpoint.verify, None)
            # What is sent in clear stays in this machine, and a proxy is none of it.
            proxies = {} if self._endpoint.is_clear_text else found["proxies"]
            self._surroundings = {"proxies": proxies, "verify": found["verify"]}
        return self._surroundings


def _no_answer(error: Exception, endpoint: Endpoint) -> NoAnswer:
    """Say in plain words why there was no answer."""
    lost, unsent, hopeless = retry.Failure(), retry.Failure(was_sent=False), retry.Failure(may_pass=False)
    if isinstance(error, (requests.exceptions.InvalidHeader, UnicodeError)):
        return NoAnswer("a value that is sent holds characters that cannot be, so nothing was sent", False, hopeless)
    if isinstance(error, requests.exceptions.SSLError):
        why = "its certificate is not trusted (ca_path names a file of certificates to trust)"
        return NoAnswer(why, False, hopeless)
    if isinstance(error, requests.exceptions.ProxyError):
        return NoAnswer("the proxy does not let it through", False, lost)
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        return NoAnswer("it cannot be reached", False, unsent)
    is_timeout = isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError, socket.timeout))
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException) and not is_timeout:
        why = "the file named by ca_path cannot be read" if endpoint.ca_path else "a local file or socket failed"
        return NoAnswer(why, False, hopeless)
    why = "it did not answer in time" if is_timeout else "the connection was lost before the answer came"
    return NoAnswer(why, True, lost)


def _never_connected(error: Exception) -> bool:
    """Tell whether no connection came about; a host name that nobody knows is one such case."""
    return isinstance(getattr(error.args[0] if error.args else None, "reason", None), NewConnectionError)
