"""Receives webhooks of idface-notifier and verifies them. Python 3.9 or later, nothing to install.

    WEBHOOK_SECRET=whsec_… python3 receiver.py

While a secret is being changed: both, separated by a space.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# --- verify: copy from here ---
import base64
import hashlib
import hmac
import re
import time


class WebhookRefused(Exception):
    """Not signed with one of the secrets, or too long ago: answer 401 with the text."""


def read_key(secret):
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    # Anybody could sign with an empty key.
    if not secret.startswith("whsec_") or len(key) < 24:
        raise ValueError("a signing secret must be as it was shown, whsec_…")
    return key


def verify(secrets, message_id, timestamp, signatures, body, now=None):
    """Raises unless one of the secrets has signed these very bytes, within five minutes of now in epoch seconds."""
    keys = [read_key(secret) for secret in secrets]
    if not message_id or not re.fullmatch("[0-9]{1,12}", timestamp or ""):
        raise WebhookRefused("no webhook: a header is missing or malformed")
    age = round((time.time() if now is None else now) - int(timestamp))
    if abs(age) > 300:
        raise WebhookRefused(f"timestamp {age} s old: is the clock right?")
    content = f"{message_id}.{timestamp}.".encode() + body
    for key in keys:
        expected = b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
        if any(hmac.compare_digest(expected, one.encode()) for one in (signatures or "").split(" ")):
            return
    raise WebhookRefused("no signature matches: is the secret the one of this partner?")
# --- verify: to here ---


MAX_BYTES = 64 * 1024
READ_SECONDS = 15


class Receiver(BaseHTTPRequestHandler):
    timeout = READ_SECONDS

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,9}", length):
            return self.answer(411)
        if int(length) > MAX_BYTES:
            return self.answer(413)
        body = self.rfile.read(int(length))
        message_id, timestamp, signatures = (self.headers.get(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
        try:
            verify(self.server.secrets, message_id, timestamp, signatures, body)
        except WebhookRefused as refused:
            print(f"refused: {refused}", flush=True)
            return self.answer(401, str(refused))
        # A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
        event = json.loads(body)
        data = event["data"]
        print(message_id, event["type"], data.get("idcardid") or data.get("subject"), flush=True)
        self.answer(204)

    def answer(self, status, text=""):
        self.send_response(status)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def main():
    secrets = os.environ.get("WEBHOOK_SECRET", "").split(" ")
    try:
        [read_key(secret) for secret in secrets]
    except ValueError as error:
        raise SystemExit(f"WEBHOOK_SECRET: {error}")
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver)
    server.secrets = secrets
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
