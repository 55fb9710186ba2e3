"""Loops with a cause of their own, and where in them the fix is to be put.

`# BEFORE` is where a statement goes that loads all at once, `values` being the keys; `# GONE` marks what the fix says
to take away, and `# INSTEAD: ...` what it says to write in the place of a line.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Cause(NamedTuple):
    """A program, the keys of its objects, options of the session, and whether it writes, which its fix must not."""

    source: str
    values: list[Any]
    relationship: str | None = None
    options: dict[str, Any] = {}


_IDS = list(range(1, 8))
CAUSES: dict[str, Cause] = {
    "expired by expire_all": Cause(
        """
def work(session, out):
    users = session.scalars(select(User)).all()
    session.expire_all()
    # BEFORE
    for user in users:
        out.append(user.name)
""",
        _IDS,
    ),
    "expired by a rollback": Cause(
        """
def work(session, out):
    users = session.scalars(select(User)).all()
    session.rollback()
    # BEFORE
    for user in users:
        out.append(user.name)
""",
        _IDS,
    ),
    "expired, by a key not called id": Cause(
        """
def work(session, out):
    groups = session.scalars(select(Group)).all()
    session.expire_all()
    # BEFORE
    for group in groups:
        out.append(group.code)
""",
        list("abc"),
    ),
    "expired, by a key of two columns": Cause(
        """
def work(session, out):
    found = session.scalars(select(Membership)).all()
    session.expire_all()
    # BEFORE
    for one in found:
        out.append((one.user_id, one.group_code))
""",
        [(number, code) for number in _IDS for code in "abc"],
    ),
    "made by the database": Cause(
        """
def work(session, out):
    items = session.scalars(select(Item)).all()
    for item in items:
        item.name += "y"
    session.flush()
    # BEFORE
    for item in items:
        out.append(len(item.changed))
""",
        [1, 2, 3, 4, 5],
    ),
    "refreshed": Cause(
        """
def work(session, out):
    users = session.scalars(select(User)).all()
    # BEFORE
    for user in users:
        session.refresh(user)  # GONE
        out.append(user.name)
""",
        _IDS,
    ),
    "got": Cause(
        """
def work(session, out):
    # BEFORE
    for number in (3, 1, 2, 5):
        user = session.get(User, number)
        out.append(user.name)
""",
        [3, 1, 2, 5],
    ),
    "got, by a key not called id": Cause(
        """
def work(session, out):
    # BEFORE
    for code in "abc":
        out.append(session.get(Group, code).code)
""",
        list("abc"),
    ),
    "got, and their collections": Cause(
        """
def work(session, out):
    # BEFORE
    for number in (3, 1, 2, 5):
        user = session.get(User, number)
        out.append([post.title for post in user.posts])
""",
        [3, 1, 2, 5],
        "User.posts",
    ),
    "merged": Cause(
        """
def work(session, out):
    # BEFORE
    with session.no_autoflush:
        for number in (3, 1, 2, 5):
            out.append(session.merge(User(id=number, name="new")).company_id)
""",
        [3, 1, 2, 5],
    ),
    "just added": Cause(
        """
def work(session, out):
    users = [User(id=number, name="new") for number in range(101, 106)]
    session.add_all(users)
    session.flush()
    # BEFORE
    for user in users:
        out.append(len(user.posts))
""",
        list(range(101, 106)),
        "User.posts",
    ),
    "selected one by one, and their collections": Cause(
        """
def work(session, out):
    # BEFORE
    for number in (3, 1, 2, 5):
        user = session.scalars(select(User).where(User.id == number)).one()  # INSTEAD: user = session.get(User, number)
        out.append([post.title for post in user.posts])
""",
        [3, 1, 2, 5],
        "User.posts",
    ),
}
BY_HAND = {
    "by foreign key": """
def work(session, out):
    users = session.scalars(select(User)).all()
    for user in users:
        posts = session.scalars(select(Post).where(Post.author_id == user.id)).all()  # INSTEAD: posts = user.posts
        out.append([post.id for post in posts])
""",
    "by foreign key, in the relationship's order": """
def work(session, out):
    for user in session.scalars(select(User).order_by(User.name)).all():
        query = select(Post).where(Post.author_id == user.id).order_by(Post.id)
        posts = session.scalars(query).all()  # INSTEAD: posts = user.posts
        out.append([post.id for post in posts])
""",
    "got by foreign key": """
def work(session, out):
    for post in session.scalars(select(Post)).all():
        author = session.get(User, post.author_id)  # INSTEAD: author = post.author
        out.append(author.name)
""",
    "selected by foreign key": """
def work(session, out):
    count = session.scalar(select(func.count(Post.id)))
    posts = session.scalars(select(Post).where(Post.id > 0)).all()
    for post in posts:
        author = session.scalars(select(User).where(User.id == post.author_id)).one()  # INSTEAD: author = post.author
        out.append(author.name)
""",
    "a tree": """
def walk(node, out):
    out.append(node.id)
    for kid in node.kids:
        walk(kid, out)

def work(session, out):
    walk(session.scalars(select(Node).where(Node.id == 1)).one(), out)
""",
    "a tree that was got": """
def walk(node, out):
    out.append(node.id)
    for kid in node.kids:
        walk(kid, out)

def work(session, out):
    walk(session.get(Node, 1), out)
""",
    "columns of a subclass": """
def work(session, out):
    for animal in session.scalars(select(Animal).order_by(Animal.id)).all():
        out.append(animal.bark if isinstance(animal, Dog) else None)
""",
    "the relationship of a subclass": """
def work(session, out):
    for animal in session.scalars(select(Animal).order_by(Animal.id)).all():
        out.append(len(animal.toys) if isinstance(animal, Dog) else 0)
""",
    "a deferred column": """
def work(session, out):
    for user in session.scalars(select(User)).all():
        out.append(user.bio)
""",
    "a column that load_only leaves out": """
def work(session, out):
    for user in session.scalars(select(User).options(load_only(User.name))).all():
        out.append(user.visits)
""",
    "a deferred column below a collection": """
def work(session, out):
    for user in session.scalars(select(User)).all():
        out.append([post.body for post in user.posts])
""",
    "what a mapping loads ahead of what is lazy": """
def work(session, out):
    for album in session.scalars(select(Album)).all():
        out.append([[len(line.words) for line in song.lines] for song in album.songs])
""",
    "in an asynchronous session": """
async def work(session, out):
    me = await session.get(User, 1)
    users = (await session.scalars(select(User).order_by(User.id))).all()
    for user in users:
        out.append([post.id for post in await user.awaitable_attrs.posts])
""",
}
"""Loops whose fix is an option on a select."""
