"""Two settings of one type, field by field: what differs, as text.

It knows dataclasses, not which: a field that is added to one shows by itself. Numbers with a
fraction are seconds, as everywhere in settings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from enum import Enum, Flag, IntEnum
from typing import Any

from .items import Change, Fate, Item
from .words import DERIVED, GROUPS, NEGATED, OPEN, VALUES, WORDS

__all__ = ["MASK", "compared", "differences", "text"]

_LONGEST = 200
_NOTHING = (None, (), "")
MASK = "***"
"""In place of a secret, wherever this program shows settings in its own way."""


def compared(kind: str, name: str, old: Any, new: Any) -> Item:
    """What becomes of an object that is wanted and can go on whatever changes; `old` None: it is new."""
    if old is None:
        return Item(kind, name, Fate.ADDED)
    changes = tuple(differences(old, new))
    return Item(kind, name, Fate.IN_PLACE if changes else Fate.UNCHANGED, changes=changes)


def differences(old: Any, new: Any, skip: Collection[str] = ()) -> Iterator[Change]:
    """What differs between two dataclasses of one type, but for the fields in `skip`."""
    for field in _told(old):
        name = field.name
        was, is_ = getattr(old, name), getattr(new, name)
        if name in skip or was is is_ or was == is_:
            continue
        word = _word(old, name)
        if _is_group(was) and type(was) is type(is_):
            path = "" if name in GROUPS else f"{word} "
            for change in differences(was, is_, skip):
                yield Change(path + change.what, change.old, change.new)
        elif isinstance(was, tuple) and isinstance(is_, tuple):
            yield from _elements(word, was, is_)
        elif isinstance(was, Mapping) and isinstance(is_, Mapping):
            yield from _entries(word, was, is_)
        else:
            yield Change(word, _shown(field, was), _shown(field, is_))


def _elements(word: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[Change]:
    gone = [each for each in old if each not in new]
    came = [each for each in new if each not in old]
    if len(gone) == len(came) == 1:
        yield Change(word, text(gone[0]), text(came[0]))
    else:
        yield from (Change(word, text(each), None) for each in gone)
        yield from (Change(word, None, text(each)) for each in came)
    if not gone and not came:
        yield Change(word, text(old), text(new))


def _entries(word: str, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[Change]:
    """A key of an enumeration is a word of its own."""
    for key in {**old, **new}:
        was, is_ = old.get(key), new.get(key)
        if was != is_:
            what = _enum(key) if isinstance(key, Enum) else f"{word} {key}"
            told = (None if each is None else text(each) for each in (was, is_))
            yield Change(what, *told)


def _shown(field: Field[Any], value: Any) -> str:
    """Octets and what has no repr may be a key: only what is known to be none shows."""
    if value is not None and not field.repr:
        return MASK
    if isinstance(value, bytes) and field.name in OPEN:
        return value.hex()
    return text(not value if field.name in NEGATED else value)


def _told(owner: Any) -> Iterator[Field[Any]]:
    """The fields that somebody decided about."""
    return (f for f in fields(owner) if f"{type(owner).__name__}.{f.name}" not in DERIVED)


def _word(owner: Any, name: str) -> str:
    return WORDS.get(f"{type(owner).__name__}.{name}") or WORDS.get(name, name)


def _is_group(value: Any) -> bool:
    """Settings with a name each, not one value that consists of several."""
    return is_dataclass(value) and type(value).__str__ is object.__str__


def text(value: Any) -> str:
    """A value for people."""
    said = _text(value)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def _text(value: Any) -> str:
    if value in _NOTHING:
        return "none"
    match value:
        case bool():
            return "yes" if value else "no"
        case Enum():
            return _enum(value)
        case float():
            return f"{value:g} s"
        case bytes():
            return MASK
        case frozenset():
            return " ".join(sorted(map(_text, value)))
        case tuple():
            return " ".join(
                _range(*each) if isinstance(each, tuple) else _text(each) for each in value
            )
    return _fields(value) if _is_group(value) else str(value)


def _range(first: int, last: int) -> str:
    """The only pairs among settings: what lies between them counts too."""
    return str(first) if first == last else f"{first}-{last}"


def _enum(value: Enum) -> str:
    known = VALUES.get(f"{type(value).__name__}.{value.name}")
    if known is not None:
        return known
    if isinstance(value, Flag):
        return "|".join(each.name.lower() for each in value if each.name) or "none"
    return str(int(value)) if isinstance(value, IntEnum) else str(value.value)


def _fields(value: Any) -> str:
    """The fields that are not as usual; the first one speaks for itself. Else: it is there."""
    first, *others = _told(value)
    its = getattr(value, first.name)
    told = [] if its in _NOTHING else [_shown(first, its)]
    for each in others:
        its = getattr(value, each.name)
        if its != each.default:
            told.append(f"{_word(value, each.name)} {_shown(each, its)}")
    return " ".join(told) or text(True)
