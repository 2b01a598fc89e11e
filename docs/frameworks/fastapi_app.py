# app.py
import json
import os

from fastapi import FastAPI, Request, Response
from idface_webhook import WebhookRefused, verify

app = FastAPI()


@app.post("/hook")
async def hook(request: Request):
    secrets = os.environ["WEBHOOK_SECRET"].split(" ")
    headers, body = request.headers, await request.body()
    message_id, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp")
    try:
        verify(secrets, message_id, timestamp, headers.get("webhook-signature"), body)
    except WebhookRefused as refused:
        return Response(str(refused), status_code=401)
    event = json.loads(body)
    # Store message_id and the event in one transaction.
    return Response(status_code=204)
