"""A first finding, with nothing but the installed package and httpx: what `make build` runs in an empty environment."""

import asyncio

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import query_guard

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def numbers(_request: Request) -> PlainTextResponse:
    with engine.connect() as connection:
        for number in range(5):
            connection.execute(text("SELECT :number"), {"number": number})
    return PlainTextResponse("ok")


app = Starlette(routes=[Route("/", numbers)])
app.add_middleware(query_guard.QueryGuard)


async def main() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        response = await client.get("/")
    count, findings = response.headers["x-query-count"], response.headers["x-query-findings"]
    if (count, findings) != ("5", "n_plus_one=1"):
        raise SystemExit(f"expected 5 queries and n_plus_one=1, got {count} and {findings}")
    print(f"query_guard {query_guard.__version__}: {count} queries, {findings}")


if __name__ == "__main__":
    asyncio.run(main())
