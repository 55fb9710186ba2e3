"""Posts: of one user, many at once, removed and restored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from example_app.crud.base import CRUDBase
from example_app.db.base import utc_now
from example_app.db.session import WITH_DELETED
from example_app.models import Comment, Post
from example_app.schemas.posts import PostCreate, PostUpdate


class CRUDPost(CRUDBase[Post, PostCreate, PostUpdate]):
    async def get_by_user_id(self, session: AsyncSession, user_id: int) -> Sequence[Post]:
        """Return the posts of ONE user. For those of several, `selectinload(User.posts)` on the query of the users."""
        return (await session.scalars(select(Post).where(Post.author_id == user_id).order_by(Post.id))).all()

    async def get_with_comments(self, session: AsyncSession, post_id: int) -> Post | None:
        """Join what there is one of, select what there are many of; the comments' authors come with the comments."""
        comments = selectinload(Post.comments).joinedload(Comment.author)
        return await session.get(Post, post_id, options=[joinedload(Post.author), comments])

    async def create_many(self, session: AsyncSession, titles: Sequence[str], author_id: int) -> Sequence[Post]:
        """Insert all rows with one flush, which SQLAlchemy sends as one statement."""
        posts = [Post(title=title, author_id=author_id) for title in titles]
        session.add_all(posts)
        await session.flush()
        return posts

    async def remove(self, session: AsyncSession, row: Post) -> None:
        row.mark_deleted()
        await session.flush()

    async def remove_of_user(self, session: AsyncSession, user_id: int) -> int:
        """Mark all posts of a user with one statement, and return how many there were."""
        marked = update(Post).where(Post.author_id == user_id, Post.is_deleted.is_(False))
        result = await session.execute(marked.values(is_deleted=True, deleted_at=utc_now()))
        return cast("CursorResult[Any]", result).rowcount  # an UPDATE has one, though execute() does not say so

    async def restore(self, session: AsyncSession, post_id: int) -> Post | None:
        """Bring a removed post back; None when there was never one."""
        found = await session.scalar(select(Post).where(Post.id == post_id), execution_options=WITH_DELETED)
        if found is not None:
            found.restore()
            await session.flush()
        return found

    async def count_view(self, session: AsyncSession, post_id: int) -> None:
        """Add one in the database: two views at once are two, which `post.views += 1` would not promise.

        A view is no change of the post, so the columns that note changes keep what they have.
        """
        unchanged = {"updated_at": Post.updated_at, "updated_by_id": Post.updated_by_id}
        await session.execute(update(Post).where(Post.id == post_id).values(views=Post.views + 1, **unchanged))


post = CRUDPost(Post)
