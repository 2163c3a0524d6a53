"""All statements that change the library."""

from __future__ import annotations

from sqlalchemy import Executable, Integer, and_, bindparam, case, delete, insert, update

from ..store.library_tables import revisions, shares, stars, workflows
from ..store.statements import insert_or

MUTABLE = ("name", "description", "tags", "words", "visibility", "link", "deleted")


class LibraryStatements:
    """The statements for one kind of database.

    Args:
        dialect: `sqlite` or `postgresql`; they say "insert or replace" in the same words.
    """

    def __init__(self, dialect: str) -> None:
        self.add_workflow = insert(workflows)
        self.change_workflow = (
            update(workflows)
            .where(workflows.c.id == bindparam("which"))
            # Only what is meant to: two who change different things at once undo nothing.
            .values(
                {
                    name: case(
                        (
                            bindparam(f"set_{name}", type_=Integer) == 1,
                            bindparam(f"new_{name}", type_=workflows.c[name].type),
                        ),
                        else_=workflows.c[name],
                    )
                    for name in MUTABLE
                }
            )
        )
        self.add_revision = insert(revisions)
        self.advance = (
            update(workflows)
            .where(workflows.c.id == bindparam("which"))
            .values(head=bindparam("new_head"), changed=bindparam("new_changed"))
        )
        # An autosave that a person then saves, or names.
        self.keep_revision = (
            update(revisions)
            .where(
                and_(
                    revisions.c.workflow == bindparam("which"),
                    revisions.c.number == bindparam("what"),
                )
            )
            .values(automatic=0, message=bindparam("new_message"))
        )
        self.drop_revision = delete(revisions).where(
            and_(
                revisions.c.workflow == bindparam("which"),
                revisions.c.number == bindparam("what"),
            )
        )
        self.forget = tuple(
            delete(table).where(column == bindparam("which"))
            for table, column in (
                (revisions, revisions.c.workflow),
                (shares, shares.c.workflow),
                (stars, stars.c.workflow),
                (workflows, workflows.c.id),
            )
        )
        share = insert_or(dialect, shares)
        self.set_share: Executable = share.on_conflict_do_update(
            index_elements=["workflow", "person"], set_={"role": share.excluded.role}
        )
        self.drop_share = delete(shares).where(
            and_(shares.c.workflow == bindparam("which"), shares.c.person == bindparam("who"))
        )
        star = insert_or(dialect, stars)
        self.set_star: Executable = star.on_conflict_do_nothing()
        self.drop_star = delete(stars).where(
            and_(stars.c.workflow == bindparam("which"), stars.c.person == bindparam("who"))
        )

    @property
    def in_order(self) -> list[Executable]:
        """All of them, as they are sent within a transaction."""
        return [
            self.add_workflow,
            self.change_workflow,
            self.add_revision,
            self.advance,
            self.keep_revision,
            self.set_share,
            self.set_star,
            self.drop_revision,
            self.drop_share,
            self.drop_star,
            *self.forget,
        ]
