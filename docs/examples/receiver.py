"""Receives webhooks of idface-notifier and verifies them. Python 3.9 or later, nothing to install.

    WEBHOOK_SECRET=whsec_… python3 receiver.py

While a secret is being changed: both, separated by a space.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
MAX_BYTES = 64 * 1024
READ_SECONDS = 15


def read_key(secret):
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    # Anybody could sign with an empty key.
    if not secret.startswith("whsec_") or len(key) < 24:
        raise SystemExit("WEBHOOK_SECRET must be the signing secret as it was shown, whsec_…")
    return key


keys = [read_key(secret) for secret in os.environ.get("WEBHOOK_SECRET", "").split(" ")]


def reason_to_refuse(headers, body):
    """None where the service has signed these very bytes, and lately; or why not."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split(" ")
    if not message_id or not re.fullmatch("[0-9]{1,12}", timestamp):
        return "no webhook: its headers are missing or malformed"
    age_seconds = round(time.time() - int(timestamp))
    if abs(age_seconds) > TOLERANCE_SECONDS:
        return f"timestamp {age_seconds} s old: is the clock right?"
    content = f"{message_id}.{timestamp}.".encode() + body
    for key in keys:
        expected = b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
        if any(hmac.compare_digest(expected, signature.encode()) for signature in signatures):
            return None
    return "no signature matches: is WEBHOOK_SECRET the one of this partner?"


class Receiver(BaseHTTPRequestHandler):
    timeout = READ_SECONDS

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,9}", length):
            return self.answer(411)
        if int(length) > MAX_BYTES:
            return self.answer(413)
        body = self.rfile.read(int(length))
        reason = reason_to_refuse(self.headers, body)
        if reason:
            print(f"refused: {reason}", flush=True)
            return self.answer(401, reason)
        # A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
        event = json.loads(body)
        data = event["data"]
        print(self.headers["webhook-id"], event["type"], data.get("idcardid") or data.get("callbackUrl"), flush=True)
        self.answer(204)

    def answer(self, status, text=""):
        self.send_response(status)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
