"""A booking against the sandbox, and what goes wrong on the way. Python's standard library alone.

    python3 docs/sandbox/booking.py
"""
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request

BASE = os.environ.get("YCLIENTS_BASE_URL", "http://127.0.0.1:8585")
TOKEN = os.environ.get("YCLIENTS_API_TOKEN", "partner-token-example")
COMPANY, SERVICE, PHONE = 4564, 564001, "79000000041"


def call(method, path, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data=data, method=method, headers=headers or {})
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:  # a refusal has a body too
        with refused:
            return refused.code, json.load(refused)


def yclients(method, path, body=None):
    """Your client. Here it is three headers; point your real one at BASE."""
    return call(method, "/api/v1" + path, body, {
        "Accept": "application/vnd.yclients.v2+json",
        "Authorization": f"Bearer {TOKEN}",
    })


def sandbox(method, path, body=None):
    status, answer = call(method, "/_sandbox/" + path, body)
    assert status < 300, answer
    return answer


# A test begins with a clean salon. Strict mode refuses what the real API would ignore in silence.
sandbox("POST", "reset")
sandbox("PUT", "switches", {"strict": True})
begin = max((e["seq"] for e in sandbox("GET", "ledger")), default=0)

# A free time for a concrete service.
query = urllib.parse.urlencode({"service_ids[]": SERVICE})
_, dates = yclients("GET", f"/book_dates/{COMPANY}?{query}")
day = dates["data"]["booking_dates"][-1]
_, times = yclients("GET", f"/book_times/{COMPANY}/0/{day}?{query}")
at = times["data"][0]["datetime"]

# A client signs in: the SMS is in the inbox of the sandbox, not on a telephone.
yclients("POST", f"/book_code/{COMPANY}", {"phone": PHONE})
code = next(m["code"] for m in sandbox("GET", "sms") if m["phone"].lstrip("+") == PHONE)
status, _ = yclients("POST", "/user/auth", {"phone": PHONE, "code": code})
assert status == 201

# The answer to the booking is lost: it was made, and your program cannot know.
booking = {"phone": PHONE, "fullname": "Ольга", "email": "", "api_id": "order-1",
           "appointments": [{"id": 1, "services": [SERVICE], "staff_id": 0, "datetime": at}]}
sandbox("PUT", "faults", {"lose_next": 1})
try:
    yclients("POST", f"/book_record/{COMPANY}", booking)
    raise AssertionError("the answer was to be lost")
except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
    pass

# The ledger knows what was truly done, and what the contract has to say about each request.
calls = sandbox("GET", f"ledger?since={begin}")
made = [e for e in calls if e["api_id"] == "order-1" and e["applied"]]
assert len(made) == 1, made
assert not [v["en"] for e in calls for v in e["verdict"]], calls

# A mistake that the real API swallows.
status, answer = yclients("GET", f"/book_dates/{COMPANY}?service_id={SERVICE}")
assert status == 400 and "unknown query parameter service_id" in answer["meta"]["message"], answer
print("ok")
