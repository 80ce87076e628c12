"""Workload names: what comes before `@` and `/`, and who belongs to whose family.

A name is `NAME` or, for a narrower copy, `NAME@1/W` with W a power of two. Imported
names may contain `/` and `-`, keep their case and match without regard to it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

# What is known of names alone, whether or not such a model can be trained here: whose
# slopes are pooled, and whose users count the examples of each of two sides.
GROUPS = {"original": "faceswap", "dlight": "faceswap", "realface": "faceswap"}
COUNTED_PER_SIDE = ("faceswap",)
_PROXY = re.compile(r"^(?P<base>[^@]+)@1/(?P<width>\d+)$")


@dataclass(frozen=True)
class WorkloadName:
    """A workload's name in its parts.

    >>> WorkloadName.parse("realface@1/16")
    WorkloadName(base='realface', width_divisor=16)
    >>> WorkloadName.parse("steplaw/N1-D2").family
    'steplaw'
    """

    base: str
    width_divisor: int = 1

    @classmethod
    def parse(cls, text: str) -> "WorkloadName":
        """Split a name; raise ValueError when `@` is not followed by `1/W`."""
        text = text.strip()
        if not text:
            raise ValueError("a workload name is empty")
        if "@" not in text:
            return cls(text)
        match = _PROXY.match(text)
        width = int(match["width"]) if match else 0
        if not match or width < 1 or width & (width - 1) or width > 1024:
            raise ValueError(
                f"'{text}': a proxy is written NAME@1/W with W a power of two up to "
                "1024, for example realface@1/16"
            )
        return cls(match["base"], width)

    @property
    def text(self) -> str:
        """The name as it is written."""
        return (
            self.base
            if self.width_divisor == 1
            else f"{self.base}@1/{self.width_divisor}"
        )

    @property
    def family(self) -> str:
        """The text before `/`, else before `@`; lower case."""
        return self.base.split("/")[0].lower()

    @property
    def group(self) -> str:
        """The families over which slopes are pooled: `faceswap`, else the family."""
        return GROUPS.get(self.family, self.family)

    @property
    def batch_convention(self) -> str:
        """How users of such a model count a batch, unless they say otherwise."""
        return "per_side" if self.group in COUNTED_PER_SIDE else "total"

    @property
    def is_proxy(self) -> bool:
        """Whether this is a width-scaled copy."""
        return self.width_divisor > 1


def nearest_names(
    name: str, known: Iterable[str], *, count: int = 2, fewest: int = 60
) -> list[str]:
    """Return the known names most like `name`, best first; empty when none is near.

    >>> nearest_names("RealFaces", ["realface", "digits_cnn"])
    ['realface']
    """
    found = process.extract(
        name, list(known), scorer=fuzz.WRatio, processor=str.lower, limit=count
    )
    return [choice for choice, score, _ in found if score >= fewest]
