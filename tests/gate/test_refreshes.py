"""What a refresh loads with its object: row P6 of the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from query_guard import Report
from tests.databases import Database, Profiler

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("tables")]


class Base(DeclarativeBase):
    pass


class Album(Base):
    __tablename__ = "refreshed_albums"

    id: Mapped[int] = mapped_column(primary_key=True)
    stamp: Mapped[int] = mapped_column(server_default="7")
    pictures: Mapped[list[Picture]] = relationship(lazy="selectin")


class Picture(Base):
    __tablename__ = "refreshed_pictures"

    id: Mapped[int] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("refreshed_albums.id"))


@pytest_asyncio.fixture
async def tables(database: Database) -> AsyncIterator[None]:
    def fill(session: Session) -> None:
        session.add_all([Album(pictures=[Picture(), Picture()]) for _ in range(5)])

    async with database.tables(Base.metadata, fill):
        yield


def creating(albums: int, session: Session) -> None:
    for _ in range(albums):
        album = Album()
        session.add(album)
        session.flush()
        session.refresh(album)
    session.commit()


def found(report: Report) -> list[tuple[str, list[tuple[int, str | None]]]]:
    """Return what is said of refreshes and of what they load, with their effects."""
    return [
        (finding.summary.partition(" times")[0], [(effect.count, effect.relationship) for effect in finding.effects])
        for finding in report.loud_findings
        if not finding.summary.startswith("INSERT")
    ]


@pytest.mark.parametrize(("albums", "severity"), [(2, []), (3, ["info"]), (19, ["info"]), (20, ["warning"])])
async def test_p6_what_is_created_and_read_back_at_once_is_reported_once(
    profile: Profiler, albums: int, severity: list[str]
) -> None:
    report = await profile(lambda session: creating(albums, session))
    loops = [finding for finding in report.findings if finding.kind == "n_plus_one"]
    assert [(finding.severity, finding.summary.partition(" ran")[0]) for finding in loops] == [
        (one, "INSERT on refreshed_albums") for one in severity
    ]


async def test_p6_what_is_changed_and_read_back_at_once_is_information(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for number, album in enumerate(session.scalars(select(Album)).all()):
            album.stamp = number
            session.flush()
            session.refresh(album)
        session.commit()

    loops = [finding for finding in (await profile(work)).findings if finding.kind == "n_plus_one"]
    assert [(finding.severity, finding.summary.partition(" ran")[0]) for finding in loops] == [
        ("info", "UPDATE on refreshed_albums")
    ]


async def test_p6_two_that_were_just_added_are_no_list(profile: Profiler) -> None:
    def work(session: Session) -> None:
        albums = [Album(), Album()]
        session.add_all(albums)
        session.flush()
        for album in albums:
            session.refresh(album, ["pictures"])
        session.commit()

    assert found(await profile(work)) == []


async def test_p6_a_loop_of_refreshes_after_a_flush_leads_what_the_mapping_loads(profile: Profiler) -> None:
    def work(session: Session) -> None:
        albums = [Album() for _ in range(4)]
        session.add_all(albums)
        session.flush()
        for album in albums:
            session.refresh(album)
        session.commit()

    assert found(await profile(work)) == [("Album was refreshed 4", [(4, "Album.pictures")])]


async def test_p6_objects_that_were_selected_and_are_refreshed_one_by_one(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for album in session.scalars(select(Album)).all():
            session.refresh(album)

    assert found(await profile(work)) == [("Album was refreshed 5", [(5, "Album.pictures")])]


async def test_p6_a_relationship_that_is_refreshed_object_by_object_is_a_loop_of_its_own(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for album in session.scalars(select(Album).limit(2)).all():
            session.refresh(album, ["pictures"])

    assert found(await profile(work)) == [("Album.pictures was loaded 2", [])]
