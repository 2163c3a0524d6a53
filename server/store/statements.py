"""Every change that is ever made to the database, and the order of changes in a transaction."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, Table, bindparam, delete, insert, update

from .tables import artifacts, events, facts, jobs, orders, reports
from .writer import WriterChange


class Statements:
    """The statements for one kind of database.

    Args:
        dialect: `sqlite` or `postgresql`; they say "insert or replace" in the same words.
        mutable: The columns of `jobs` that change.
    """

    def __init__(self, dialect: str, mutable: tuple[str, ...]) -> None:
        self.add_job = insert(jobs)
        self.add_order = insert(orders)
        self.change_job = (
            update(jobs)
            .where(jobs.c.id == bindparam("which"))
            .values({name: bindparam(f"new_{name}") for name in mutable})
        )
        self.set_report = _replace(dialect, reports, "job")
        self.add_artifact = insert(artifacts)
        self.set_fact = _replace(dialect, facts, "name")
        self.add_event = insert(events)
        self.drop_events = delete(events).where(events.c.id <= bindparam("upto"))
        self.drop_rows = tuple(
            delete(table).where(column == bindparam("which"))
            for table, column in (
                (artifacts, artifacts.c.job),
                (reports, reports.c.job),
                (orders, orders.c.job),
                (jobs, jobs.c.id),
            )
        )

    @property
    def in_order(self) -> list[Executable]:
        """All of them, as they are sent: what others refer to first, deletions last."""
        return [
            self.add_job,
            self.add_order,
            self.change_job,
            self.set_report,
            self.add_artifact,
            self.set_fact,
            self.add_event,
            self.drop_events,
            *self.drop_rows,
        ]

    def fact(self, name: str, value: str) -> WriterChange:
        """Set a single value."""
        return WriterChange(self.set_fact, {"name": name, "value": value}, last_wins=name)

    def event(self, number: int, owner: str | None, job: str | None, body: str) -> WriterChange:
        """Keep an event."""
        row = {"id": number, "owner": owner, "job": job, "body": body}
        return WriterChange(self.add_event, row)

    def forget_events(self, upto: int) -> WriterChange:
        """Drop events with numbers up to this one."""
        return WriterChange(self.drop_events, {"upto": upto}, last_wins="events")

    def report(self, row: Mapping[str, Any]) -> WriterChange:
        """Set what a job has given so far."""
        return WriterChange(self.set_report, row, last_wins=str(row["job"]))

    def forget_job(self, job: str) -> list[WriterChange]:
        """Delete a job and all that belongs to it."""
        return [WriterChange(statement, {"which": job}) for statement in self.drop_rows]


def insert_or(dialect: str, table: Table) -> Any:
    """The beginning of "insert or do something else": both databases have it in the same words.

    Args:
        dialect: `sqlite` or `postgresql`.
        table: Where to insert.
    """
    # Only the one that is used: importing a dialect takes time at every start.
    module = importlib.import_module(
        f"sqlalchemy.dialects.{'postgresql' if dialect == 'postgresql' else 'sqlite'}"
    )
    return module.insert(table)


def _replace(dialect: str, table: Table, key: str) -> Executable:
    made = insert_or(dialect, table)
    others = [c.name for c in table.columns if c.name != key]
    replacing: Executable = made.on_conflict_do_update(
        index_elements=[key], set_={name: made.excluded[name] for name in others}
    )
    return replacing
