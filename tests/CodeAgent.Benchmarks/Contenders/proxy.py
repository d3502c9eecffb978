"""A streaming proxy with FastAPI and httpx: one client a worker, connections kept, no copy of a stream."""

import os

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from starlette.background import BackgroundTask

UPSTREAM = os.environ["UPSTREAM"]
DROPPED = {"host", "content-length", "connection", "transfer-encoding", "keep-alive"}

app = FastAPI(openapi_url=None)


@app.on_event("startup")
async def start():
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    app.state.client = httpx.AsyncClient(base_url=UPSTREAM, limits=limits, timeout=httpx.Timeout(600, connect=10), trust_env=False)


@app.on_event("shutdown")
async def end():
    await app.state.client.aclose()


@app.post("/{path:path}")
async def forward(path: str, request: Request):
    headers = [(name, value) for name, value in request.headers.items() if name not in DROPPED]
    upstream = app.state.client.build_request("POST", "/" + path, headers=headers, content=await request.body())
    answer = await app.state.client.send(upstream, stream=True)
    kept = {name: value for name, value in answer.headers.items() if name not in DROPPED}
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return StreamingResponse(answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose))

    content = await answer.aread()
    await answer.aclose()
    return Response(content, answer.status_code, kept)
