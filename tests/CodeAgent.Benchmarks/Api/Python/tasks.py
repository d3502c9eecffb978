"""What the two Python servers share: the tasks in Redis, without any input or output of its own.

The same endpoints as CodeAgent's Api, and for each as many reads and writes of Redis. Left out, in their favour: what is
allowed in a request beyond its prompt, leases, tenants, traces and metrics.
"""

import hashlib
import json
import os
import random
import time
import uuid
from datetime import datetime, timezone

REDIS = {"host": "127.0.0.1", "port": int(os.environ["REDIS_PORT"]), "db": int(os.environ["REDIS_DATABASE"]), "decode_responses": True}
UPSTREAM = os.environ["UPSTREAM"]
STATES = ("queued", "running", "awaiting_input", "succeeded", "failed", "canceled")
DEFAULTS = {
    "type": "direct", "agent": {"name": "builtin"}, "checks": [], "results": {"reports": [], "keep": []},
    "delivery": {"branch": "codeagent/{id}", "push": False}, "approvals": {}, "priority": 0, "labels": {},
    "limits": {"minutes": 30, "turns": 50, "waitMinutes": 4320, "tokens": 400000, "costUsd": 2.0},
}


class Refused(Exception):
    def __init__(self, status, kind, detail):
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail

    def problem(self):
        return {"type": f"urn:codeagent:problem:{self.kind}", "status": self.status, "detail": self.detail}


def key_of(authorization):
    """Where the record of the caller's key is."""
    if not authorization.startswith("Bearer "):
        raise Refused(401, "unauthorized", "A key is needed: Authorization: Bearer KEY.")
    return "key:" + hashlib.sha256(authorization[7:].encode()).hexdigest()


def require_key(record):
    if record is None:
        raise Refused(401, "unauthorized", "The key is not known here.")
    return json.loads(record)


def now():
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


def new_id():
    """A UUIDv7."""
    number = (time.time_ns() // 1_000_000 << 80) | (7 << 76) | (random.getrandbits(12) << 64) | (2 << 62) | random.getrandbits(62)
    return str(uuid.UUID(int=number))


def create(body):
    """A new task: its state and what was asked for."""
    try:
        asked = json.loads(body)
    except ValueError:
        raise Refused(400, "invalid-json", "The body is not the JSON object that is expected.") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("prompt"), str) or not asked["prompt"]:
        raise Refused(400, "missing-field", "The field 'prompt' is required.")
    at = now()
    state = {
        "id": new_id(), "status": "queued", "createdAt": at, "queuedAt": at, "updatedAt": at, "correlationId": uuid.uuid4().hex,
        "agent": "builtin", "attempt": 0, "maxAttempts": 3, "turns": 0, "run": 1, "fence": 0, "cancelRequested": False,
        "checks": [], "artifacts": [], "usage": {"inputTokens": 0, "cachedInputTokens": 0, "outputTokens": 0, "costUsd": 0},
        "lastEvent": 1,
    }
    return state, {**DEFAULTS, **asked}


def write(transaction, state, request):
    """The same writes, all or none of them, as CodeAgent's script does for a new task."""
    name = state["id"]
    event = json.dumps({"number": 1, "at": state["createdAt"], "type": "task.queued", "attempt": 0, "data": {}})
    transaction.hset(f"task:{name}", mapping={
        "version": 1, "state": json.dumps(state), "status": state["status"], "fence": 0, "request": json.dumps(request), "steps": "[]"})
    transaction.zadd("tasks", {name: 0})
    for label, value in request["labels"].items():
        transaction.zadd(f"tasks:label:{label}:{value}", {name: 0})
    transaction.zadd("tasks:status:queued", {name: 0})
    transaction.zadd("queue:builtin", {name: time.time_ns() // 1_000_000})
    transaction.publish("queue-changed", "builtin")
    transaction.rpush(f"task:{name}:events", event)
    transaction.publish("task-events", f"{name} 1\n{event}")


def view(state, request):
    """The task as clients see it."""
    if state is None:
        raise Refused(404, "task-not-found", "There is no such task.")
    task = json.loads(state) if isinstance(state, str) else state
    hidden = ("queuedAt", "agent", "run", "fence")
    return {**{name: value for name, value in task.items() if name not in hidden},
            "request": json.loads(request) if isinstance(request, str) else request}


def page(fields, limit):
    """A page of tasks; fields of one task more than fit mean that there is another page."""
    items = [view(*field) for field in fields[:limit]]
    return {"items": items, "next": items[-1]["id"]} if len(fields) > limit else {"items": items}


def events(lines, limit):
    """A page of events, likewise."""
    items = [json.loads(line) for line in lines[:limit]]
    return {"items": items, "next": str(items[-1]["number"])} if len(lines) > limit else {"items": items}


def ask_status(pipeline):
    for state in STATES:
        pipeline.zcard(f"tasks:status:{state}")
    pipeline.zrange("tasks:status:queued", 0, 0)
    pipeline.zrangebyscore("workers", (time.time() - 30) * 1000, "+inf")


def status(answers, oldest):
    counts, workers = answers[:len(STATES)], answers[-1]
    answer = {"at": now(), "tasks": dict(zip(STATES, counts)), "workers": [json.loads(worker) for worker in workers], "unoffered": {}}
    if oldest is not None:
        answer["oldestQueuedAt"] = json.loads(oldest)["createdAt"]
    return answer
