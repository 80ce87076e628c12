"""A tool: a function with its schema, called with checked arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from advisor.service import Advisor


Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Tool:
    """A function with its name, what it is for, and the schema of its arguments.

    `acts` marks the one that changes something; `proposes` those that may leave a plan
    waiting for a yes, and change nothing else that counts.
    """

    name: str
    description: str
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    call: Callable[["Advisor", Arguments], dict[str, Any]]
    proposes: bool = False
    acts: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        return {
            "type": "object",
            "properties": {name: dict(what) for name, what in self.properties.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }
