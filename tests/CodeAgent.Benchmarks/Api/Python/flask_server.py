"""The synchronous server: Flask's own, a thread for each connection, and calls that block it."""

import logging
import sys
import threading

import redis
import requests
from flask import Flask, jsonify, request

import tasks

app = Flask(__name__)
database = redis.Redis(**tasks.REDIS)
kept = threading.local()


@app.errorhandler(tasks.Refused)
def refuse(refused):
    return jsonify(refused.problem()), refused.status


@app.before_request
def authenticate():
    tasks.require_key(database.get(tasks.key_of(request.headers.get("Authorization", ""))))


@app.post("/v1/tasks")
def create():
    state, asked = tasks.create(request.get_data())
    with database.pipeline(transaction=True) as transaction:
        tasks.write(transaction, state, asked)
        transaction.execute()
    return jsonify(tasks.view(state, asked)), 201, {"Location": f"/v1/tasks/{state['id']}"}


@app.get("/v1/tasks/<uuid:name>")
def get(name):
    return jsonify(tasks.view(*database.hmget(f"task:{name}", "state", "request")))


@app.get("/v1/tasks")
def list_tasks():
    limit = int(request.args.get("limit", 50))
    names = database.zrevrange("tasks", 0, limit)
    with database.pipeline(transaction=False) as reads:
        for name in names:
            reads.hmget(f"task:{name}", "state", "request")
        return jsonify(tasks.page(reads.execute(), limit))


@app.get("/v1/tasks/<uuid:name>/events")
def events(name):
    after, limit = int(request.args.get("after", 0)), int(request.args.get("limit", 100))
    if not database.exists(f"task:{name}"):
        raise tasks.Refused(404, "task-not-found", "There is no such task.")
    return jsonify(tasks.events(database.lrange(f"task:{name}:events", after, after + limit), limit))


@app.get("/v1/status")
def status():
    with database.pipeline(transaction=False) as reads:
        tasks.ask_status(reads)
        answers = reads.execute()
    oldest = answers[-2]
    return jsonify(tasks.status(answers, database.hget(f"task:{oldest[0]}", "state") if oldest else None))


@app.post("/<behaviour>/v1/chat/completions")
def complete(behaviour):
    """Asks the model, and keeps account of it before and after, as the gateway does."""
    if not hasattr(kept, "session"):
        kept.session = requests.Session()
        kept.session.trust_env = False
    database.hincrby("account", "reserved", 256)
    answer = kept.session.post(f"{tasks.UPSTREAM}/{behaviour}/v1/chat/completions", request.get_data(), headers={"Content-Type": "application/json"}, timeout=600)
    database.hincrby("account", "used", answer.json()["usage"]["total_tokens"])
    return answer.content, answer.status_code, {"Content-Type": "application/json"}


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app.run("127.0.0.1", int(sys.argv[1]), threaded=True)
