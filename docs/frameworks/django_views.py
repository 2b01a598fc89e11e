# views.py
import json
import os

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from idface_webhook import WebhookRefused, verify


@csrf_exempt
@require_POST
def hook(request):
    secrets = os.environ["WEBHOOK_SECRET"].split(" ")
    headers = request.headers
    message_id, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp")
    try:
        verify(secrets, message_id, timestamp, headers.get("webhook-signature"), request.body)
    except WebhookRefused as refused:
        return HttpResponse(str(refused), status=401)
    event = json.loads(request.body)
    # Store message_id and the event in one transaction.
    return HttpResponse(status=204)
