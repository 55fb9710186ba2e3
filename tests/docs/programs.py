"""Blocks of the documentation as programs: written to files, imported, asked for their endpoints, and closed again."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine


def import_as(name: str, code: str, folder: Path) -> dict[str, Any]:
    """Write a module, perhaps anew, import it and return what it defines."""
    (folder / name).write_text(code)
    module = name.removesuffix(".py")
    forget(module)
    importlib.invalidate_caches()
    return vars(importlib.import_module(module))


def forget(module: str) -> None:
    """Close the engines of a module that was imported, so that it can be imported anew."""
    if module in sys.modules:
        close(vars(sys.modules.pop(module)))


def close(names: dict[str, Any]) -> None:
    for value in [*names.values()]:
        if isinstance(value, Engine):
            value.dispose()
        elif isinstance(value, AsyncEngine):
            asyncio.run(value.dispose())


async def call_endpoints(app: FastAPI, at_once: int = 1) -> None:
    """Call each endpoint of an application, with 1 for each parameter of its path, so many times at once."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        for route in app.routes:
            if isinstance(route, APIRoute):
                path = re.sub(r"\{\w+\}", "1", route.path)
                await asyncio.gather(*[client.request(min(route.methods or ()), path) for _ in range(at_once)])


def pytest_in(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder, with no other plugin than ours."""
    plugins = ["-p", "query_guard.pytest_plugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, *options, str(folder)]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
