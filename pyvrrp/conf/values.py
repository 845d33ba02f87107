"""What one block of a configuration said: a bag of fields, before it becomes a typed object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from .blocks import PlainBlock, Statement

__all__ = ["Values", "make"]

T = TypeVar("T")


class Values:
    """What one block said so far: fields, and the statement each came from."""

    __slots__ = ("_owner", "at", "set")

    def __init__(self, owner: Statement) -> None:
        self._owner: Statement | PlainBlock = owner
        self.set: dict[str, object] = {}
        self.at: dict[str, Statement] = {}

    @classmethod
    def shared(cls, said: Values, owner: Statement | PlainBlock) -> Values:
        """What another block said, for one that says the same. Nobody changes it any more."""
        new = cls.__new__(cls)
        new._owner, new.set, new.at = owner, said.set, said.at
        return new

    @property
    def owner(self) -> Statement:
        """The statement whose block it is."""
        owner = self._owner
        return owner if isinstance(owner, Statement) else owner.owner()

    def get(self, field: str, default: T) -> T:
        """The value of a field, `default` when nothing set it; shapes guarantee the type."""
        return self.set.get(field, default)  # type: ignore[return-value]

    def put(self, field: str, value: object, statement: Statement) -> None:
        """Set a field, and remember who did."""
        self.set[field] = value
        self.at[field] = statement

    def extend(self, field: str, found: Iterable[object], statement: Statement) -> None:
        """Add to a field of many; a block may be written more than once."""
        kept = self.set.setdefault(field, [])
        if isinstance(kept, list):
            kept.extend(found)
        self.at[field] = statement

    def items(self, field: str, kind: type[T]) -> list[T]:
        """What `extend` gathered."""
        found = self.set.get(field, ())
        return [item for item in found if isinstance(item, kind)] if isinstance(found, list) else []

    def where(self, field: str) -> Statement:
        """The statement that set a field; the block's own when none did."""
        found = self.at.get(field)
        return self.owner if found is None else found


def make(factory: Callable[..., T], fields: Mapping[str, object]) -> T:
    """An object of `factory` with fields that shapes have checked; lists become tuples."""
    return factory(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})
