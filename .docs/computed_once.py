"""For the reference: what `computed_once` decorates is read like a property."""

from __future__ import annotations

from typing import Any

from griffe import Attribute, Extension, Function


class ComputedOnce(Extension):
    """Show such a function as an attribute, as griffe itself does with properties."""

    def on_function(self, *, func: Function, **_: Any) -> None:
        if func.parent is None or not any(each.callable_path.endswith("computed_once") for each in func.decorators):
            return
        attribute = Attribute(
            func.name, lineno=func.lineno, endlineno=func.endlineno, docstring=func.docstring, annotation=func.returns
        )
        attribute.labels.add("property")
        func.parent.set_member(func.name, attribute)
