# app.py
import json
import os

from flask import Flask, request
from idface_webhook import WebhookRefused, verify

app = Flask(__name__)


@app.post("/hook")
def hook():
    secrets = os.environ["WEBHOOK_SECRET"].split(" ")
    headers, body = request.headers, request.get_data()
    message_id, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp")
    try:
        verify(secrets, message_id, timestamp, headers.get("webhook-signature"), body)
    except WebhookRefused as refused:
        return str(refused), 401
    event = json.loads(body)
    # Store message_id and the event in one transaction.
    return "", 204
