"""A SQLite database that writes down what its driver is asked to do: the application's own calls, each once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

_Dialect: Any = SQLiteDialect_pysqlite


class TwoPhases(_Dialect):  # type: ignore[misc]  # a base made at run time
    """SQLite knows no two-phase transactions: here the second phase is the whole of them."""

    supports_statement_cache = True

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        super().do_execute(cursor, statement, parameters, context)

    def do_begin_twophase(self, connection: Any, xid: Any) -> None:
        self.do_begin(connection.connection)

    def do_prepare_twophase(self, connection: Any, xid: Any) -> None:
        pass

    def do_commit_twophase(self, connection: Any, xid: Any, is_prepared: bool = True, recover: bool = False) -> None:
        self.do_commit(connection.connection)

    def do_rollback_twophase(self, connection: Any, xid: Any, is_prepared: bool = True, recover: bool = False) -> None:
        self.do_rollback(connection.connection)


registry.register("sqlite.two_phases", __name__, TwoPhases.__name__)


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    books: Mapped[list[Book]] = relationship(order_by="Book.id")


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))


class Database:
    """One file, and the calls that any connection to it was asked for, in their order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls: list[str] = []
        self._make()

    def _make(self) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
        connection.close()
        plain = create_engine(f"sqlite:///{self.path}")
        Base.metadata.create_all(plain)
        plain.dispose()

    def url(self, driver: str = "pysqlite") -> str:
        return f"sqlite+{driver}:///{self.path}"

    @property
    def connect_args(self) -> dict[str, Any]:
        calls = self.calls

        class Cursor(sqlite3.Cursor):
            def execute(self, sql: str, *args: Any) -> Any:
                calls.append(sql)
                return super().execute(sql, *args)

            def executemany(self, sql: str, *args: Any) -> Any:
                calls.append(f"many: {sql}")
                return super().executemany(sql, *args)

        class Connection(sqlite3.Connection):
            def cursor(self, *args: Any) -> Any:
                return super().cursor(Cursor)

            def commit(self) -> None:
                calls.append("commit")
                super().commit()

            def rollback(self) -> None:
                calls.append("rollback")
                super().rollback()

        return {"factory": Connection, "check_same_thread": False}

    def refill(self) -> None:
        """Bring the rows back to what they were in the beginning.

        Work that KeyboardInterrupt ended with its event loop may have left a transaction open, as it would without the
        guard: then the next file is a new one.
        """
        try:
            self._fill()
        except sqlite3.OperationalError:
            self.path = self.path.with_name(f"{self.path.stem}-{len(list(self.path.parent.iterdir()))}.sqlite")
            self._make()
            self._fill()
        self.calls.clear()

    def _fill(self) -> None:
        with closing(sqlite3.connect(self.path, timeout=0.5)) as connection, connection:
            connection.execute("DELETE FROM books")
            connection.execute("DELETE FROM authors")
            connection.executemany("INSERT INTO authors VALUES (?, ?)", [(n, f"author {n}") for n in range(1, 5)])
            connection.executemany("INSERT INTO books VALUES (?, ?)", [(n, 1 + n % 4) for n in range(1, 9)])

    def rows(self) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path)
        authors = connection.execute("SELECT * FROM authors ORDER BY id").fetchall()
        books = connection.execute("SELECT * FROM books ORDER BY id").fetchall()
        connection.close()
        return [*authors, *books]
