"""Random programs as an application might hold them: a select, other selects about it, and a loop that walks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.oracle.mappings import RELATIONSHIPS

_NOISE = (
    "session.scalar(select(func.count({root}.{key})))",
    "session.scalars(select({root}.{key})).all()",
    "session.scalars(select({root}).limit(1)).first()",
    "session.scalars(select({root}).where({root}.{key} != 2)).all()",
    "session.execute(text('SELECT 1'))",
    "session.get(User, 1)",
    "session.scalars(select(User).where(User.id == 3)).one()",
    "session.scalars(select(Post).where(Post.id > 40)).all()",
)
_KEYS = {"Group": "code", "Membership": "user_id"}
_DEFERRED = {"User": "bio", "Post": "body"}
_NAMES = "abcdefgh"


@dataclass
class Program:
    """Lines of a function `work(session)`; the generator writes them."""

    seed: int
    is_async: bool
    lines: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        head = "async def work(session, out):" if self.is_async else "def work(session, out):"
        return "\n".join([head, *self.lines]) + "\n"

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)


def walking_program(seed: int) -> Program:
    """Return a program that walks relationships of what it selected, two to four levels deep."""
    chance = random.Random(seed)
    program = Program(seed, chance.random() < 0.3)
    root = chance.choice(
        ["User", "User", "Post", "Company", "Comment", "Tag", "Group", "Dog", "Animal", "Album", "Profile"]
    )
    _noise(program, chance, root)
    _select(program, chance, root)
    _noise(program, chance, root)
    program.add(1, "for a in found:")
    _body(program, chance, root, 0, chance.choice([1, 1, 2, 2, 3]), [root])
    return program


def _noise(program: Program, chance: random.Random, root: str, depth: int = 1) -> None:
    for _ in range(chance.choice([0, 0, 1, 2])):
        call = chance.choice(_NOISE).format(root=root, key=_KEYS.get(root, "id"))
        program.add(depth, f"noise_{chance.randrange(10_000)} = {_sent(program, call)}")


def _sent(program: Program, call: str) -> str:
    """Await the call of the session that an expression begins with."""
    if not program.is_async:
        return call
    depth = 0
    for place, letter in enumerate(call):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ")" and depth == 0:
            return f"(await {call[: place + 1]}){call[place + 1 :]}"
    return f"await {call}"


def _select(program: Program, chance: random.Random, root: str) -> None:
    key = _KEYS.get(root, "id")
    form = chance.choice(["plain", "plain", "variable", "aliased", "tuple", "execute", "got", "lock", "query", "text"])
    name, options = root, _options(chance, root)
    if form == "text":
        options = options.replace("joinedload", "selectinload").replace("subqueryload", "selectinload")
    if form == "aliased":
        program.add(1, f"alias = aliased({root})")
        name, options = "alias", ""
    where = chance.choice(["", "", f".where({name}.{key}.is_not(None))", f".order_by({name}.{key})", ".limit(5)"])
    select = f"select({name}){where}{options}"
    if form == "got" and root in ("User", "Post"):
        number = 5 if root == "User" else 51
        program.add(1, f"found = [{_sent(program, f'session.get({root}, {number})')}]")
    elif form == "tuple" and root == "User":
        pairs = _sent(
            program, f"session.execute(select(User, Company).join(User.company){where}{options}).unique().all()"
        )
        program.add(1, f"found = [pair[0] for pair in {pairs}]")
    elif form == "lock":
        program.add(1, f"found = {_sent(program, f'session.scalars({select}.with_for_update()).unique().all()')}")
    elif form == "query" and not program.is_async:
        program.add(1, f"found = session.query({root}){where}{options}.all()")
    elif form == "text":
        program.add(1, f"query = select({root}){where}")
        given = f"session.scalars(select({root}).from_statement(query){options}).unique().all()"
        program.add(1, f"found = {_sent(program, given)}")
    elif form == "execute":
        program.add(1, f"found = {_sent(program, f'session.execute({select}).unique().scalars().all()')}")
    elif form == "variable":
        program.add(1, f"query = {select}")
        program.add(1, f"found = {_sent(program, 'session.scalars(query).unique().all()')}")
    else:
        program.add(1, f"found = {_sent(program, f'session.scalars({select}).unique().all()')}")


def _options(chance: random.Random, root: str) -> str:
    """Return options that are there already, one or two steps deep."""
    if chance.random() < 0.6:
        return ""
    attribute, target, _ = chance.choice(RELATIONSHIPS[root])
    loader = chance.choice(["selectinload", "joinedload", "subqueryload"])
    option = f"{loader}({root}.{attribute})"
    if chance.random() < 0.3 and RELATIONSHIPS.get(target):
        further, _, _ = chance.choice(RELATIONSHIPS[target])
        option += f".{chance.choice(['selectinload', 'joinedload'])}({target}.{further})"
    return f".options({option})"


def _body(program: Program, chance: random.Random, entity: str, level: int, deeper: int, path: list[str]) -> None:
    """Write what is done with one object: its key, perhaps a deferred column, and the relationships that are walked."""
    name, indent = _NAMES[level], level + 2
    program.add(indent, f"out.append(('{entity}', {name}.{_KEYS.get(entity, 'id')}))")
    if entity in _DEFERRED and chance.random() < 0.15 and not program.is_async:
        program.add(indent, f"out.append({name}.{_DEFERRED[entity]})")
    if entity == "Animal" and chance.random() < 0.5 and not program.is_async:
        program.add(indent, f"out.append({name}.bark if isinstance({name}, Dog) else None)")
    ways = RELATIONSHIPS.get(entity, [])
    if not deeper or not ways:
        return
    onward = [way for way in ways if way[1] not in path] or ways
    ways = onward if chance.random() < 0.9 else ways  # a walk seldom comes back to what it came from
    for attribute, target, collection in chance.sample(ways, min(len(ways), chance.choice([1, 1, 2]))):
        read = f"(await {name}.awaitable_attrs.{attribute})" if program.is_async else f"{name}.{attribute}"
        program.add(indent, f"for {_NAMES[level + 1]} in {read if collection else f'[{read}]'}:")
        if not collection:
            program.add(indent + 1, f"if {_NAMES[level + 1]} is None: continue")
        _body(program, chance, target, level + 1, deeper - 1, [*path, target])
