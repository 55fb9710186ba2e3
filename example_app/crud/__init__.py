"""Reading and writing the models: `from example_app import crud`, then `crud.post.get_by_user_id(...)`.

No function here commits. Who knows where a piece of work ends is the endpoint, and a transaction ends there, once.
"""

from example_app.crud.account import account, transfer
from example_app.crud.comment import comment
from example_app.crud.post import post
from example_app.crud.product import product
from example_app.crud.role import role
from example_app.crud.user import user

__all__ = ["account", "comment", "post", "product", "role", "transfer", "user"]
