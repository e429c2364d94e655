"""`@dataclass(frozen=True)` for less of a command's start.

The one of the standard library compiles six methods for each class from source text, which takes up to a millisecond;
a check has some sixty such classes. Here only `__init__` is made so, and the other methods are shared. To readers, to
mypy and to `dataclasses.replace`, `fields` and `asdict` it is the standard one; that nobody assigns to a field is
looked after by mypy alone.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses

    def dataclass(*, frozen: bool) -> Any:
        """Decorate a class; `frozen` must be true, as only such classes have a hash and no setters to share."""
        if not frozen:
            raise TypeError("classes that are not frozen are for dataclasses.dataclass")
        return _frozen

    def _frozen(cls: type) -> type:
        own = vars(cls)
        made = dataclasses.dataclass(repr=False, eq=False)(cls)
        fields = dataclasses.fields(made)
        compared = _getter([field.name for field in fields if field.compare])
        hashed = _getter(
            [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
        )
        shown = tuple(field.name for field in fields if field.repr)

        def __eq__(self: Any, other: object) -> Any:
            return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

        def __hash__(self: Any) -> int:
            return hash(hashed(self))

        def __repr__(self: Any) -> str:
            values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
            return f"{self.__class__.__qualname__}({values})"

        for method in (__eq__, __hash__, __repr__):
            if method.__name__ not in own:
                setattr(made, method.__name__, method)
        return made

    def _getter(names: list[str]) -> Any:
        return operator.attrgetter(*names) if names else lambda _: ()
