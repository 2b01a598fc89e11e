"""Calls idface-notifier. Python 3.9 or later, nothing to install.

    export NOTIFIER_URL=https://notifier.example API_KEY=ifn_…
    python3 caller.py register 16236437872836 https://partner.example/hook
    python3 caller.py wait reg_… [SECONDS]
    python3 caller.py lookup 16236437872836 16236437872837
    python3 caller.py events [CURSOR]
"""

import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT_SECONDS = 15
# A restart of the service is crossed.
RETRY_FOR_SECONDS = 30
RETRIED = (408, 429, 502, 503, 504)


class NotifierError(Exception):
    """status: of HTTP, 0 without an answer. problem: what the service says, see /docs/problems."""

    def __init__(self, status, problem):
        fields = [f"{one['path']}: {one['message']}" for one in problem.get("errors", [])]
        super().__init__(" ".join([str(status), problem.get("type", ""), problem.get("detail", ""), *fields]))
        self.status = status
        self.problem = problem


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect must not take the API key elsewhere."""

    def redirect_request(self, *_):
        return None


class Notifier:
    def __init__(self, url, api_key):
        if not api_key.isascii():
            raise ValueError("API_KEY must be the API key, ifn_…")
        self.url = url.rstrip("/")
        self.api_key = api_key
        self.opener = urllib.request.build_opener(NoRedirect)

    def register(self, idcardid, callback_url, metadata=None):
        """The same serial and URL again is the same registration, so this can be repeated."""
        body = {"idcardid": idcardid, "callbackUrl": callback_url, "metadata": metadata or {}}
        return self.call("POST", "/v1/registrations", body)

    def wait(self, registration_id, seconds=120):
        """The registration as soon as it is no longer pending, or as it is when the time is over."""
        ends_at = time.monotonic() + seconds
        while True:
            left = max(0, min(30, int(ends_at - time.monotonic())))
            path = f"/v1/registrations/{urllib.parse.quote(registration_id)}?wait={left}s"
            registration = self.call("GET", path, timeout=TIMEOUT_SECONDS + left)
            if registration["status"] != "pending" or left == 0:
                return registration

    def lookup(self, idcardids):
        """At most 1,000 serials: one call after an outage."""
        return self.call("POST", "/v1/registrations/lookup", {"idcardids": idcardids})["data"]

    def events(self, cursor=None):
        """The messages after the cursor, and the cursor to go on from: store it when you have handled them."""
        query = urllib.parse.urlencode({"limit": 250, **({"after": cursor} if cursor else {})})
        page = self.call("GET", f"/v1/events?{query}")
        return page["data"], page["nextCursor"]

    def call(self, method, path, body=None, timeout=TIMEOUT_SECONDS):
        """Tries again what may pass and is safe to repeat, as all calls of this file are."""
        ends_at = time.monotonic() + RETRY_FOR_SECONDS
        delay = 0.25
        while True:
            try:
                return self.send(method, path, body, timeout)
            except NotifierError as error:
                wait = error.problem.get("retryAfter", 0) + random.uniform(0, delay)
                passes = error.status == 0 or error.status in RETRIED
                if not passes or time.monotonic() + wait > ends_at:
                    raise
                time.sleep(wait)
                delay = min(8, delay * 2)

    def send(self, method, path, body, timeout):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("authorization", f"Bearer {self.api_key}")
        data = None
        if body is not None:
            request.add_header("content-type", "application/json")
            data = json.dumps(body).encode()
        try:
            with self.opener.open(request, data, timeout) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            raise NotifierError(error.code, read_problem(error)) from None
        except (OSError, http.client.BadStatusLine, http.client.IncompleteRead) as error:
            raise NotifierError(0, {"detail": str(error)}) from error
        try:
            return json.loads(text)
        except ValueError as error:
            raise NotifierError(0, {"detail": str(error)}) from error


def read_problem(answer):
    try:
        problem = json.loads(answer.read())
    except (OSError, ValueError):
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    after = answer.headers.get("retry-after", "")
    return {**problem, "retryAfter": int(after) if after.isdecimal() else 0}


def main(command="", *arguments):
    url, api_key = os.environ.get("NOTIFIER_URL"), os.environ.get("API_KEY")
    if not url or not api_key:
        raise SystemExit("NOTIFIER_URL and API_KEY must be set")
    notifier = Notifier(url, api_key)
    count = len(arguments)
    if command == "register" and count == 2:
        registration = notifier.register(*arguments)
        print(registration["id"], registration["status"])
    elif command == "wait" and (count == 1 or count == 2 and arguments[1].isdecimal()):
        registration = notifier.wait(arguments[0], *map(int, arguments[1:]))
        print(registration["id"], registration["status"], registration["reason"] or "")
    elif command == "lookup" and count > 0:
        for item in notifier.lookup(arguments):
            print(item["idcardid"], *[one["status"] for one in item["registrations"]])
    elif command == "events":
        cursor = arguments[0] if arguments else None
        while True:
            events, cursor = notifier.events(cursor)
            if not events:
                break
            for event in events:
                # body is the text of the webhook, headers its signature: hand both to the code that receives webhooks.
                print(event["messageId"], event["type"], json.loads(event["body"])["data"].get("idcardid", ""))
        print("cursor", cursor)
    else:
        print(__doc__, file=sys.stderr)
        raise SystemExit(2)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (NotifierError, ValueError) as error:
        raise SystemExit(str(error))
