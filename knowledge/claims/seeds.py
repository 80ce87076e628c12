"""The seeds: what two sources say about rate and batch size, as data beside this file.

Claims are in our own words, `inferred` is our reading. A claim's id is `claim:` and its
key.
"""

import tomllib
from importlib import resources

from knowledge.records import Claim


def load_seed_claims() -> list[Claim]:
    """Return every claim of the shipped seeds, ordered by id."""
    claims = []
    for file in resources.files("knowledge.claims").iterdir():
        if file.name.endswith(".toml"):
            claims += _parse(file.read_text(encoding="utf-8"))
    return sorted(claims, key=lambda claim: claim.id)


def _parse(text: str) -> list[Claim]:
    content = tomllib.loads(text)
    shared = content.get("scope", {})
    return [
        Claim(
            id=f"claim:{content['source']}/{key}",
            source=content["source"],
            source_title=content["title"],
            source_date=content.get("date"),
            **{**shared, **claim},
        )
        for key, claim in content["claims"].items()
    ]
