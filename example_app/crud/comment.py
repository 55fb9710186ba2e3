"""Comments."""

from __future__ import annotations

from example_app.crud.base import CRUDBase
from example_app.models import Comment
from example_app.schemas.posts import CommentCreate

comment: CRUDBase[Comment, CommentCreate, CommentCreate] = CRUDBase(Comment)
