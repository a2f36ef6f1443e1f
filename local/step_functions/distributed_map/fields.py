"""Evaluates the fields of a Map state, in JSONata as in JSONPath."""

import json
import re
from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions

from local.patching import find_original

Document = dict[str, Any]
ITEM = re.compile(r"\{%\s*\$states\.context\.Map\.Item\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)\s*%\}")


def install() -> None:
    """Checks that MiniStack has what this module uses of it."""
    for used in (
        "_apply_input_path",
        "_apply_jsonata_output",
        "_apply_jsonata_template",
        "_apply_output_path",
        "_apply_result_path",
        "_apply_result_selector",
        "_apply_state_assign",
        "_json_type",
        "_jsonata_state_field",
        "_resolve_params_obj",
        "_resolve_path_or_ctx",
        "_state_query_language",
    ):
        find_original(stepfunctions, used)


def _find_plain(template: Any, context: Document) -> Any:
    """Returns what an expression finds that is but a path to a plain value of an item; None for any other.

    Ten thousand items would wait for the evaluation of each of their expressions.
    """
    match = ITEM.fullmatch(template) if isinstance(template, str) else None
    found = context.get("Map", {}).get("Item") if match else None
    for name in match[1].split(".") if match else ():
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str | int | float) else None


@dataclass(frozen=True)
class Fields:
    """The fields of a Map state that runs.

    Attributes:
        state: The state as it is defined.
        given: Its input.
        context: The context object, with the variables.
        entered: Number of the event with which it was entered.
    """

    state: Document
    given: Any
    context: Document
    entered: int

    @property
    def is_jsonata(self) -> bool:
        """Whether the state is written in JSONata."""
        return bool(stepfunctions._state_query_language(self.state, self.context) == "JSONata")

    @property
    def effective(self) -> Any:
        """The part of the input that paths are looked up in."""
        if self.is_jsonata:
            return self.given
        return stepfunctions._apply_input_path(self.state, self.given, self.context)

    def fill(self, template: Any, context: Document | None = None) -> Any:
        """Returns a template with its expressions evaluated; in another context object if one is given."""
        context = self.context if context is None else context
        if not self.is_jsonata:
            return stepfunctions._resolve_params_obj(template, self.effective, context)
        if isinstance(template, dict):
            return {name: self.fill(value, context) for name, value in template.items()}
        if (value := _find_plain(template, context)) is not None:
            return value
        return stepfunctions._apply_jsonata_template(template, self.given, context)

    def find_arguments(self, field: Document) -> Document:
        """Returns what an ``ItemReader`` or a ``ResultWriter`` calls S3 with."""
        arguments: Document = self.fill(field.get("Arguments" if self.is_jsonata else "Parameters") or {})
        return arguments

    def find_integer(self, name: str, owner: Document | None = None) -> int | None:
        """Returns the value of a field that must be an integer; takes and raises as ``find_number`` does."""
        number = self.find_number(name, owner, kind="integer")
        return None if number is None else int(number)

    def find_number(
        self, name: str, owner: Document | None = None, *, kind: str = "float", most: int | None = None
    ) -> float | None:
        """Returns the value of a field, which may be an expression, or lie at the path in ``{name}Path``.

        Args:
            name: The field's name.
            owner: What it is a field of; the state if None.
            kind: What it must be: ``float`` or ``integer``.
            most: The most that it may be; None where there is no limit.

        Returns:
            The value; None where there is no such field.

        Raises:
            stepfunctions._ExecutionError: It is no such number, negative, or too big.
        """
        owner = self.state if owner is None else owner
        path = None if self.is_jsonata else owner.get(f"{name}Path")
        if path is not None:
            value = stepfunctions._resolve_path_or_ctx(path, self.effective, self.context)
        elif name not in owner:
            return None
        elif self.is_jsonata:
            value = stepfunctions._jsonata_state_field(owner, name, "number", self.given, self.context)
        else:
            value = owner[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or (kind == "integer" and value != int(value)):
            shown = value if isinstance(value, str) else json.dumps(value)
            told, at = (f"{name}Path", f": {path}") if path else (name, "")
            raise self.fail(f'The {told} field refers to value "{shown}" which is not a valid {kind}{at}')
        if most is not None and not 0 <= value <= most:
            raise self.fail(f"{name} must be between 0 and {most}.")
        if value < 0:
            raise self.fail(f"{name} cannot be negative.")
        return float(value)

    def fail(self, cause: str) -> Exception:
        """Returns the error of a state that has a value which it cannot run with."""
        name = self.context["State"]["Name"]
        where = f"the state '{name}' (entered at the event id #{self.entered})"
        error: Exception = stepfunctions._ExecutionError(
            "States.Runtime", f"An error occurred while executing {where}. {cause}"
        )
        return error

    def complete(self, result: Any) -> tuple[Any, str | None]:
        """Returns the state's output for a result, and the name of the next state; assigns its variables."""
        following = stepfunctions._next_or_end(self.state)
        if self.is_jsonata:
            output = stepfunctions._apply_jsonata_output(
                self.state, self.given, self.context, result=result, default=result
            )
            stepfunctions._apply_state_assign(self.state, self.given, self.context, result=result)
            return output, following
        selected = stepfunctions._apply_result_selector(self.state, result)
        output = stepfunctions._apply_result_path(self.state, self.given, selected)
        return stepfunctions._apply_output_path(self.state, output, self.context), following
