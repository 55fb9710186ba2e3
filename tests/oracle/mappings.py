"""Mappings with each kind of relationship that a fix may have to name, and a few rows of each."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, func
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(AsyncAttrs, DeclarativeBase):
    pass


post_tags = Table(
    "o_post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("o_posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("o_tags.id"), primary_key=True),
)


class Company(Base):
    __tablename__ = "o_companies"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    users: Mapped[list[User]] = relationship(back_populates="company", order_by="User.id")


class User(Base):
    __tablename__ = "o_users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    bio: Mapped[str] = mapped_column(default="long", deferred=True)
    visits: Mapped[int] = mapped_column(default=0)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("o_companies.id"))
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("o_users.id"))
    company: Mapped[Company | None] = relationship(back_populates="users")
    manager: Mapped[User | None] = relationship(remote_side="User.id", back_populates="reports")
    reports: Mapped[list[User]] = relationship(back_populates="manager", order_by="User.id")
    posts: Mapped[list[Post]] = relationship(back_populates="author", order_by="Post.id")
    profile: Mapped[Profile | None] = relationship(back_populates="user", uselist=False)
    memberships: Mapped[list[Membership]] = relationship(back_populates="user", order_by="Membership.group_code")
    animals: Mapped[list[Animal]] = relationship(back_populates="owner", order_by="Animal.id")


class Profile(Base):
    __tablename__ = "o_profiles"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("o_users.id"))
    user: Mapped[User] = relationship(back_populates="profile")


class Group(Base):
    """Its key is not called id."""

    __tablename__ = "o_groups"
    code: Mapped[str] = mapped_column(primary_key=True)
    members: Mapped[list[Membership]] = relationship(back_populates="group", order_by="Membership.user_id")


class Membership(Base):
    """Its key has two columns."""

    __tablename__ = "o_memberships"
    user_id: Mapped[int] = mapped_column(ForeignKey("o_users.id"), primary_key=True)
    group_code: Mapped[str] = mapped_column(ForeignKey("o_groups.code"), primary_key=True)
    user: Mapped[User] = relationship(back_populates="memberships")
    group: Mapped[Group] = relationship(back_populates="members")


class Post(Base):
    __tablename__ = "o_posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    views: Mapped[int] = mapped_column(default=1)
    body: Mapped[str] = mapped_column(default="long", deferred=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("o_users.id"))
    author: Mapped[User | None] = relationship(back_populates="posts")
    comments: Mapped[list[Comment]] = relationship(back_populates="post", order_by="Comment.id")
    tags: Mapped[list[Tag]] = relationship(secondary=post_tags, back_populates="posts", order_by="Tag.id")


class Comment(Base):
    __tablename__ = "o_comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("o_posts.id"))
    post: Mapped[Post] = relationship(back_populates="comments")


class Tag(Base):
    __tablename__ = "o_tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    posts: Mapped[list[Post]] = relationship(secondary=post_tags, back_populates="tags", order_by="Post.id")


class Animal(Base):
    __tablename__ = "o_animals"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("o_users.id"))
    owner: Mapped[User | None] = relationship(back_populates="animals")


class Dog(Animal):
    __tablename__ = "o_dogs"
    __mapper_args__ = {"polymorphic_identity": "dog"}
    id: Mapped[int] = mapped_column(ForeignKey("o_animals.id"), primary_key=True)
    bark: Mapped[str] = mapped_column(default="wuff")
    toys: Mapped[list[Toy]] = relationship(order_by="Toy.id")


class Cat(Animal):
    __tablename__ = "o_cats"
    __mapper_args__ = {"polymorphic_identity": "cat"}
    id: Mapped[int] = mapped_column(ForeignKey("o_animals.id"), primary_key=True)
    meow: Mapped[str] = mapped_column(default="miau")


class Toy(Base):
    __tablename__ = "o_toys"
    id: Mapped[int] = mapped_column(primary_key=True)
    dog_id: Mapped[int] = mapped_column(ForeignKey("o_dogs.id"))


class Node(Base):
    __tablename__ = "o_nodes"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("o_nodes.id"))
    kids: Mapped[list[Node]] = relationship(order_by="Node.id")


class Album(Base):
    """What its songs have is loaded ahead by their mapping."""

    __tablename__ = "o_albums"
    id: Mapped[int] = mapped_column(primary_key=True)
    songs: Mapped[list[Song]] = relationship(order_by="Song.id")


class Song(Base):
    __tablename__ = "o_songs"
    id: Mapped[int] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("o_albums.id"))
    lines: Mapped[list[Line]] = relationship(lazy="selectin", order_by="Line.id")


class Line(Base):
    __tablename__ = "o_lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    song_id: Mapped[int] = mapped_column(ForeignKey("o_songs.id"))
    words: Mapped[list[Word]] = relationship(order_by="Word.id")


class Word(Base):
    __tablename__ = "o_words"
    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("o_lines.id"))


class Item(Base):
    """The database says when it was changed."""

    __tablename__ = "o_items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    changed: Mapped[str] = mapped_column(server_default=func.now(), onupdate=func.now())


def rows() -> list[Base]:
    """Return the rows of one small world."""
    tags = [Tag(id=number) for number in range(1, 4)]
    groups = [Group(code=code) for code in "abc"]
    world: list[Base] = [*tags, *groups, *(Company(id=number, name=f"c{number}") for number in (1, 2, 3))]
    for number in range(1, 8):
        user = User(id=number, name=f"u{number}", company_id=number % 3 + 1, manager_id=number // 2 or None)
        user.profile = Profile(id=number)
        user.memberships = [Membership(group_code="abc"[n]) for n in range(number % 3 + 1)]
        world.append(user)
        for k in range(number % 3 + 1):
            post = Post(id=10 * number + k, title=f"p{k}", author_id=number, views=number, tags=tags[: k + 1])
            post.comments = [Comment() for _ in range(k % 2 + 1)]
            world.append(post)
        world.append(Dog(owner_id=number, toys=[Toy(), Toy()]) if number % 2 else Cat(owner_id=number))
    world += [Node(id=number, parent_id=number // 2 or None) for number in range(1, 16)]
    world += [Album(songs=[Song(lines=[Line(words=[Word()]), Line()]) for _ in range(2)]) for _ in range(4)]
    world += [Item(id=number, name="x") for number in range(1, 6)]
    return world


RELATIONSHIPS: dict[str, list[tuple[str, str, bool]]] = {
    "Company": [("users", "User", True)],
    "User": [
        ("company", "Company", False),
        ("posts", "Post", True),
        ("profile", "Profile", False),
        ("memberships", "Membership", True),
        ("manager", "User", False),
        ("reports", "User", True),
        ("animals", "Animal", True),
    ],
    "Post": [("author", "User", False), ("comments", "Comment", True), ("tags", "Tag", True)],
    "Comment": [("post", "Post", False)],
    "Tag": [("posts", "Post", True)],
    "Profile": [("user", "User", False)],
    "Membership": [("user", "User", False), ("group", "Group", False)],
    "Group": [("members", "Membership", True)],
    "Animal": [("owner", "User", False)],
    "Dog": [("owner", "User", False), ("toys", "Toy", True)],
    "Album": [("songs", "Song", True)],
    "Song": [("lines", "Line", True)],
    "Line": [("words", "Word", True)],
}
"""Class: attribute, target, whether it is a collection."""
