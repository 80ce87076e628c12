"""The parts of the program that answers to questions in words are put together from."""

from dataclasses import dataclass

from advisor.answers.answers import Answers
from advisor.conversation.proposals import Proposals
from advisor.evidence.library import Library
from advisor.planning.planner import Planner
from advisor.running.verifications import Verifications
from advisor.scaling.referee import Referee
from knowledge.store.store import Store


@dataclass(frozen=True)
class Parts:
    """What a handler of a question may ask; each takes what it uses."""

    store: Store
    library: Library
    planner: Planner
    answers: Answers
    referee: Referee
    verifications: Verifications
    proposals: Proposals
