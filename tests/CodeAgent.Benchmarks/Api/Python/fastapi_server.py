"""The asynchronous server in Python: FastAPI on uvicorn and uvloop, with clients that wait without a thread."""

import httpx
import redis.asyncio
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response

import tasks


async def authenticate(request: Request):
    tasks.require_key(await database.get(tasks.key_of(request.headers.get("Authorization", ""))))


app = FastAPI(openapi_url=None, dependencies=[Depends(authenticate)])
database = redis.asyncio.Redis(**tasks.REDIS)
limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
client = httpx.AsyncClient(base_url=tasks.UPSTREAM, limits=limits, timeout=httpx.Timeout(600, connect=10), trust_env=False)


@app.exception_handler(tasks.Refused)
async def refuse(_, refused):
    return JSONResponse(refused.problem(), refused.status)


@app.post("/v1/tasks")
async def create(request: Request):
    state, asked = tasks.create(await request.body())
    async with database.pipeline(transaction=True) as transaction:
        tasks.write(transaction, state, asked)
        await transaction.execute()
    return JSONResponse(tasks.view(state, asked), 201, {"Location": f"/v1/tasks/{state['id']}"})


@app.get("/v1/tasks/{name}")
async def get(name: str):
    return JSONResponse(tasks.view(*await database.hmget(f"task:{name}", "state", "request")))


@app.get("/v1/tasks")
async def list_tasks(limit: int = 50):
    names = await database.zrevrange("tasks", 0, limit)
    async with database.pipeline(transaction=False) as reads:
        for name in names:
            reads.hmget(f"task:{name}", "state", "request")
        return JSONResponse(tasks.page(await reads.execute(), limit))


@app.get("/v1/tasks/{name}/events")
async def events(name: str, after: int = 0, limit: int = 100):
    if not await database.exists(f"task:{name}"):
        raise tasks.Refused(404, "task-not-found", "There is no such task.")
    return JSONResponse(tasks.events(await database.lrange(f"task:{name}:events", after, after + limit), limit))


@app.get("/v1/status")
async def status():
    async with database.pipeline(transaction=False) as reads:
        tasks.ask_status(reads)
        answers = await reads.execute()
    oldest = answers[-2]
    return JSONResponse(tasks.status(answers, await database.hget(f"task:{oldest[0]}", "state") if oldest else None))


@app.post("/{behaviour}/v1/chat/completions")
async def complete(behaviour: str, request: Request):
    """Asks the model, and keeps account of it before and after, as the gateway does."""
    await database.hincrby("account", "reserved", 256)
    answer = await client.post(f"/{behaviour}/v1/chat/completions", content=await request.body(), headers={"Content-Type": "application/json"})
    await database.hincrby("account", "used", answer.json()["usage"]["total_tokens"])
    return Response(answer.content, answer.status_code, {"Content-Type": "application/json"})
