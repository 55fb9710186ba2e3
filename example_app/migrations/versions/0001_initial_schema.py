"""Initial schema: users and their profiles, posts, comments, products, accounts and transfers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("hashed_password", sa.String(200), nullable=False),
        *timestamps(),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "user_profiles",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("bio", sa.String(), nullable=True),
        sa.Column("website", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_profiles"),
        foreign_key("user_profiles", "user_id", "users", "CASCADE"),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("summary", sa.String(500), nullable=True),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=False),
        *audit_trail("posts"),
        *soft_delete(),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        foreign_key("posts", "author_id", "users", "CASCADE"),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        *timestamps(),
        *soft_delete(),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
        foreign_key("comments", "post_id", "posts", "CASCADE"),
        foreign_key("comments", "author_id", "users", "CASCADE"),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *audit_trail("products"),
        sa.PrimaryKeyConstraint("id", name="pk_products"),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_products_stock_not_negative")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("balance_cents", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        *audit_trail("accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        foreign_key("accounts", "owner_id", "users", "RESTRICT"),
        sa.CheckConstraint("balance_cents >= 0", name=op.f("ck_accounts_balance_not_negative")),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        *audit_trail("transfers"),
        sa.PrimaryKeyConstraint("id", name="pk_transfers"),
        foreign_key("transfers", "source_id", "accounts", "RESTRICT"),
        foreign_key("transfers", "target_id", "accounts", "RESTRICT"),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_transfers_amount_positive")),
        sa.CheckConstraint("source_id <> target_id", name=op.f("ck_transfers_between_two_accounts")),
    )
    for table, column in INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table in ("transfers", "accounts", "products", "comments", "posts", "user_profiles", "users"):
        op.drop_table(table)  # with its indexes


INDEXES = (
    ("users", "created_at"),
    ("posts", "created_at"),
    ("posts", "author_id"),
    ("comments", "created_at"),
    ("comments", "post_id"),
    ("comments", "author_id"),
    ("products", "created_at"),
    ("accounts", "created_at"),
    ("accounts", "owner_id"),
    ("transfers", "created_at"),
    ("transfers", "source_id"),
    ("transfers", "target_id"),
)


def foreign_key(table: str, column: str, referred: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{referred}"
    return sa.ForeignKeyConstraint([column], [f"{referred}.id"], name=name, ondelete=ondelete)


def timestamps() -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("created_at", "updated_at")]


def audit_trail(table: str) -> list[sa.Column[object] | sa.ForeignKeyConstraint]:
    names = ("created_by_id", "updated_by_id")
    columns: list[sa.Column[object]] = [sa.Column(name, sa.Integer(), nullable=True) for name in names]
    return [*timestamps(), *columns, *(foreign_key(table, name, "users", "SET NULL") for name in names)]


def soft_delete() -> list[sa.Column[object]]:
    return [
        sa.Column("is_deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
    ]
