"""Roles, their users, and the three roles that the application relies on.

Data that the code cannot do without belong into a migration. They are written in words of their own, not with the
models: a model changes, a migration that has run somewhere must not. Nothing is committed here; Alembic does that,
together with the number of the revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DEFAULT_ROLES = (
    {"name": "admin", "description": "May do everything"},
    {"name": "user", "description": "May write posts and comments, and change their own"},
    {"name": "moderator", "description": "May change, remove and restore what others wrote"},
)


def upgrade() -> None:
    roles = op.create_table(
        "roles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_roles"),
        sa.UniqueConstraint("name", name="uq_roles_name"),
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "role_id", name="pk_user_roles"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_roles_user_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_user_roles_role_id_roles", ondelete="CASCADE"),
    )
    op.create_index("ix_user_roles_role_id", "user_roles", ["role_id"])
    op.bulk_insert(roles, [dict(role) for role in DEFAULT_ROLES])


def downgrade() -> None:
    op.drop_table("user_roles")
    op.drop_table("roles")
