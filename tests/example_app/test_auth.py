from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from example_app import crud
from example_app.core.security import create_token, hash_password, password_matches, user_id_of
from example_app.core.settings import Settings
from tests.example_app.factory import Factory

pytestmark = pytest.mark.asyncio

PASSWORD = "a long enough password"


async def test_who_registers_can_log_in(client: httpx.AsyncClient, session: AsyncSession) -> None:
    new = {"name": "Ada", "email": "ada@example.org", "password": PASSWORD}
    assert (await client.post("/users", json=new)).status_code == 201
    answer = await client.post("/auth/token", json={"email": new["email"], "password": PASSWORD})
    me = await client.get("/users/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert me.json()["name"] == "Ada"
    assert [role["name"] for role in me.json()["roles"]] == ["user"]
    user = await crud.user.get_by_email(session, new["email"])
    assert user is not None
    assert user.hashed_password.startswith("$argon2")


async def test_an_address_is_taken_once(client: httpx.AsyncClient, factory: Factory) -> None:
    taken = (await factory.user()).email
    again = await client.post("/users", json={"name": "Eve", "email": taken, "password": PASSWORD})
    assert (again.status_code, again.json()) == (409, {"detail": "this e-mail address is taken"})


async def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(
    client: httpx.AsyncClient, factory: Factory
) -> None:
    known = (await factory.user(password=await hash_password(PASSWORD))).email
    unusable = (await factory.user()).email
    answers = [
        await client.post("/auth/token", json={"email": email, "password": password})
        for email, password in ((known, "wrong"), ("nobody@example.org", PASSWORD), (unusable, "!"))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


async def test_a_token_ends_and_cannot_be_forged(settings: Settings) -> None:
    assert user_id_of(create_token(7, settings), settings) == 7
    expired = settings.model_copy(update={"token_minutes": -1})
    assert user_id_of(create_token(7, expired), settings) is None
    assert user_id_of(create_token(7, Settings()), settings) is None
    unsigned = jwt.encode({"sub": "7", "exp": datetime.now(UTC) + timedelta(minutes=1)}, "", algorithm="none")
    endless = jwt.encode({"sub": "7"}, settings.secret_key.get_secret_value(), algorithm="HS256")
    assert [user_id_of(token, settings) for token in (unsigned, endless, "no token")] == [None, None, None]


async def test_a_password_matches_its_hash_only() -> None:
    hashed = await hash_password(PASSWORD)
    assert await password_matches(PASSWORD, hashed)
    assert not await password_matches("another", hashed)
    assert not await password_matches(PASSWORD, None)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}])
async def test_without_a_token_nothing_is_written(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/posts", json={"title": "Anonymous"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_only_an_admin_gives_roles(client: httpx.AsyncClient, factory: Factory) -> None:
    user, moderator, admin = await factory.user(), await factory.user("moderator"), await factory.user("admin")
    path, roles = f"/users/{user.id}/roles", {"roles": ["user", "moderator"]}
    assert (await client.put(path, json=roles, headers=factory.logged_in(moderator))).status_code == 403
    given = await client.put(path, json=roles, headers=factory.logged_in(admin))
    assert [role["name"] for role in given.json()["roles"]] == ["user", "moderator"]
    unknown = await client.put(path, json={"roles": ["emperor"]}, headers=factory.logged_in(admin))
    assert unknown.status_code == 422
    assert (await client.put("/users/0/roles", json=roles, headers=factory.logged_in(admin))).status_code == 404


async def test_nobody_changes_the_post_of_someone_else(client: httpx.AsyncClient, factory: Factory) -> None:
    post = await factory.post(await factory.user())
    other = factory.logged_in(await factory.user())
    assert (await client.patch(f"/posts/{post.id}", json={"title": "Mine"}, headers=other)).status_code == 403
    assert (await client.patch("/posts/0", json={"title": "Mine"}, headers=other)).status_code == 404


async def test_no_answer_holds_a_hash_of_a_password(client: httpx.AsyncClient, factory: Factory) -> None:
    user = await factory.user(password=await hash_password(PASSWORD))
    await factory.comment(await factory.post(user), user)
    for path in ("/users", f"/users/{user.id}", "/users/me", f"/users/{user.id}/history", "/posts", "/comments"):
        answer = await client.get(path, headers=factory.logged_in(user))
        assert answer.status_code == 200
        assert "argon2" not in answer.text
        assert "hashed" not in answer.text
