"""What not to do. Each endpoint has one fault, and a twin without it, which `pairs.py` names.

The files bear the names of those with the twins; `GET /anti-patterns` lists all of them with their latest reports.
"""

from fastapi import APIRouter

from example_app.routers.anti_patterns import accounts, comments, index, posts, products, reports, sessions, users

router = APIRouter(tags=["anti-patterns"])
for subject in (index, users, posts, comments, products, accounts, reports, sessions):
    router.include_router(subject.router, prefix="/anti-patterns")
