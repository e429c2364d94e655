"""The kinds that installed packages add, and those of our own that few assignments have; the others are a table in
`assignment.model`.

What cannot be used (an import that fails, no kind of check) has a stand-in with what all checks have, whose verdict
is an error with the reason: the rest of the assignment is graded.
"""

from __future__ import annotations

import importlib
import inspect
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, create_model

from dockgrader import plugins
from dockgrader.errors import Unobserved
from dockgrader.facts.base import See
from dockgrader.kinds.base import BUILT_IN, SELDOM, Check
from dockgrader.report.model import Verdict


class Unusable(Check):
    """A check whose kind cannot be used."""

    model_config = ConfigDict(extra="allow")
    reason: ClassVar[str] = ""

    def judge(self, see: See) -> Verdict:
        """An error: the package is broken, not the student's work."""
        raise Unobserved("plugin.broken", self.reason)


def names() -> list[str]:
    """The kinds that packages add; the name of a built-in one cannot be taken."""
    return [name for name in plugins.offers(plugins.KINDS) if name not in BUILT_IN]


def origin(kind: str) -> str:
    """The package of a kind with its version, "" for a built-in one."""
    return "" if kind in BUILT_IN else plugins.packages(plugins.KINDS, kind)


def branch(kind: str) -> Any:
    """What stands for the kind in the union of all checks: its model, or the stand-in."""
    if kind in SELDOM:
        return getattr(importlib.import_module(f"dockgrader.kinds.{kind}"), SELDOM[kind])
    try:
        model = _model(kind)
    except plugins.PluginError as error:
        return stand_in(kind, f"the kind {error}")

    def guarded(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise
        except plugins.BREAKAGE as bug:  # a validator that breaks breaks this check only
            reason = f"the kind {kind} of {origin(kind)} broke on this check: {plugins.said(bug)}"
            return stand_in(kind, reason).model_validate(value)

    return Annotated[model, WrapValidator(guarded)]


def _model(kind: str) -> type[Check]:
    """The kind's model. Raises PluginError with what is wrong with it."""
    model = plugins.loaded(plugins.KINDS, kind)
    who = f"{kind} of {origin(kind)}"
    if not (isinstance(model, type) and issubclass(model, Check)):
        raise plugins.PluginError(f"{who} is no subclass of dockgrader.kinds.base.Check")
    try:
        if get_args(model.model_fields["kind"].annotation) != (kind,):
            raise plugins.PluginError(f'{who} must have the field kind: Literal["{kind}"]')
        if inspect.isabstract(model) or model.judge is Check.judge:
            raise plugins.PluginError(f"{who} has no judge")
        model.model_rebuild(force=True)
        model.model_json_schema()
    except plugins.PluginError:
        raise
    except plugins.BREAKAGE as bug:
        raise plugins.PluginError(f"{who} is no model that pydantic can use: {plugins.said(bug)}") from None
    return model


@cache
def stand_in(kind: str, reason: str) -> type[Unusable]:
    """What takes the place of a kind that cannot be used, for this reason."""
    model: type[Unusable] = create_model(
        f"Unusable_{kind}",
        __base__=Unusable,
        __doc__=f"Unusable: {reason}" if reason else f"Kind {kind}",
        kind=(Literal[kind], ...),  # type: ignore[arg-type]
    )
    model.reason = reason
    return model
