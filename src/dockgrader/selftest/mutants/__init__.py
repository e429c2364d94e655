"""Changes to a correct solution that an assignment should notice.

Those with a name (`memory.page-more`) change what a solution says about its limits, volumes, health and so on, and
are accepted one by one. All other fields of all facts are changed one after the other as `field.changed`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dockgrader.selftest.mutants.answers import answer_mutants
from dockgrader.selftest.mutants.base import Mutant
from dockgrader.selftest.mutants.compose import compose_mutants
from dockgrader.selftest.mutants.container import container_mutants
from dockgrader.selftest.mutants.fields import Varied, field_mutants
from dockgrader.selftest.mutants.practice import practice_mutants
from dockgrader.selftest.world import World

__all__ = ["Mutant", "mutants_of"]


def mutants_of(world: World, varied: Varied) -> Iterator[Mutant]:
    """All mutants of a correct solution; `varied` are the fields in which correct solutions differ."""
    yield from container_mutants(world)
    yield from answer_mutants(world)
    yield from compose_mutants(world)
    yield from practice_mutants(world)
    yield from field_mutants(world, varied)
