"""The tables. Importing this package makes all of them known, which Alembic and `relationship("...")` rely on."""

from example_app.models.account import Account, Transfer
from example_app.models.comment import Comment
from example_app.models.post import Post
from example_app.models.product import Product
from example_app.models.role import Role, user_roles
from example_app.models.user import User, UserProfile

__all__ = ["Account", "Comment", "Post", "Product", "Role", "Transfer", "User", "UserProfile", "user_roles"]
