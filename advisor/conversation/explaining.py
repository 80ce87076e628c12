"""Answers to "what is that?", "why?" and "in plain words": a page, or the answer again.

A page has no numbers; what is said of an earlier answer comes from its own fit.
"""

import re
from dataclasses import replace

from advisor.answers.brief import brief_of
from advisor.answers.evidence_rows import evidence_of
from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import half_fail_text, rests_on_text
from advisor.checks import check_batch_size
from advisor.concepts.evidence import concept_evidence, explain_text
from advisor.conversation.about_batch_sizes import scaling_answer
from advisor.conversation.answer import Answer, reply
from advisor.conversation.parts import Parts
from advisor.evidence.scope import Asked
from advisor.rates import fit_text
from advisor.reading.question import Question
from advisor.reading.reading import read_text
from advisor.words import percent, title_of
from experiments.workloads.registry import find_spec
from knowledge.concepts.pages import (
    Concept,
    find_concept,
    get_concept,
    related_concepts,
)
from knowledge.names import WorkloadName

AFTER_PLAIN_WORDS = ("learning-rate", "p-stable", "method")
FIRST_PAGES = ("learning-rate", "batch-size", "best-and-stable", "scaling-rules")
_PLAINLY = re.compile(
    r"\b(?:plain|simple|simply|easy|easier|beginner|dumm(?:y|ies)|layman\w*|eli5|"
    r"like i'?m (?:5|five)|other words|explain (?:that|it|this)(?: again)?[ ?.!]*$)\b|"
    r"^explain (?:that|it|this)",
    re.IGNORECASE,
)
_WHY_DIFFERENT = re.compile(
    r"\bwhy\b.*\b(?:lower|higher|smaller|larger|bigger|different|more|less|same|than|"
    r"differ)\b",
    re.IGNORECASE | re.DOTALL,
)


def batches_compared(text: str) -> tuple[int, ...]:
    """The batch sizes between which a text asks for the reason of a difference.

    >>> batches_compared("why is batch 5 lower than batch 6 on realface?")
    (5, 6)
    """
    if not _WHY_DIFFERENT.search(text):
        return ()
    batches = read_text(text, ()).roles.batches
    sizes = tuple(dict.fromkeys(size for batch in batches for size in batch.values))
    return sizes if len(sizes) > 1 else ()


def explain_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """A page, or the rates at the batch sizes whose difference is asked about."""
    sizes = batches_compared(q.text)
    if sizes and isinstance(q.slots.workload, str) and q.unknown_workload is None:
        both = replace(q, slots=replace(q.slots, batch_size=sizes))
        return scaling_answer(parts, both, asked)
    return _page_answer(parts, q, asked)


def _page_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """The page a question is about, with what it says of the answer before it."""
    concept = find_concept(q.text) or _page_of_names(q)
    r = _recommendation_in_question(parts, q, asked)
    if r is not None and _PLAINLY.search(q.text) and "workload" in q.inherited:
        return reply(
            q,
            plain_text(r),
            recommendations=(r,),
            evidence=evidence_of(parts.library, [r]),
            clarification=_read_on([get_concept(key) for key in AFTER_PLAIN_WORDS]),
        )
    if concept is None:
        return _no_page(q)
    found = concept_evidence(
        parts.store, concept, leave_out_sources=parts.library.left_out_sources
    )
    why = f"For {title_of(r.workload)} at batch {r.batch_size}: {_why(r)}" if r else ""
    related = related_concepts(concept)
    return reply(
        q,
        "\n\n".join(filter(None, [why, explain_text(concept, found)])),
        recommendations=(r,) if r else (),
        concept={
            "key": concept.key,
            "title": concept.title,
            "text": concept.text,
            "source": concept.source,
            "sql": found.sql if found else None,
        },
        rows=tuple(found.rows) if found else None,
        evidence=tuple(found.evidence) if found else (),
        clarification=_read_on(related) if related else None,
    )


def _why(r: Recommendation) -> str:
    """What an answer comes from: what was seen nearest, and how much there is."""
    said = [s.text for s in brief_of(r) if s.name == "why"]
    said += [half_fail_text(r), rests_on_text(r)]
    text = " ".join(filter(None, said))
    return text[:1].lower() + text[1:]


def plain_text(r: Recommendation) -> str:
    """Return an answer once more, without the words of statistics."""
    place = f"{title_of(r.workload)} at batch {r.batch_size}"
    if r.learning_rate is None:
        return f"In plain words: of {place} I know too little to name a rate."
    length = f" for {r.horizon_steps:,} steps" if r.horizon_steps else ""
    parts = [
        f"In plain words: the learning rate says how big a step training takes. For "
        f"{place} I would start with {fit_text(r.learning_rate)}."
    ]
    if r.probability_stable is not None and r.max_stable is not None:
        m = r.max_stable
        parts += [
            f"With it I expect {percent(r.probability_stable)} of runs to stay well"
            f"{length}.",
            f"With larger steps more runs break: near {fit_text(m.median)} about half "
            "of them would. I do not know that point well: it may lie anywhere from "
            f"{fit_text(m.low)} to {fit_text(m.high)}. More runs would narrow it.",
        ]
    return " ".join(parts)


def _page_of_names(q: Question) -> Concept | None:
    """The page on narrow copies, where nothing but such a name is asked about."""
    name = q.slots.workload
    is_proxy = isinstance(name, str) and WorkloadName.parse(name).is_proxy
    return get_concept("proxy") if is_proxy else None


def _no_page(q: Question) -> Answer:
    """What a model is, as far as its name goes; else where to begin."""
    name = q.slots.workload
    spec = find_spec(name) if isinstance(name, str) else None
    if spec is not None and "workload" not in q.inherited:
        side = " on each side" if spec.batch_convention == "per_side" else ""
        text = (
            f"{spec.title} is one of the models I can train and advise on. Its batch "
            f"size counts the examples of a step{side}. Unless you name a length I "
            f"answer for {spec.usual_horizon_steps:,} steps. Name a batch size to get "
            "a rate."
        )
        return reply(q, text)
    return reply(
        q,
        "I have no page on that. Here is where to begin, or ask about a learning rate "
        "at a batch size.",
        clarification=_read_on([get_concept(key) for key in FIRST_PAGES]),
    )


def _read_on(pages: list[Concept]) -> dict[str, object]:
    return {"question": "Read on", "options": [f"Explain: {c.title}" for c in pages]}


def _recommendation_in_question(
    parts: Parts, q: Question, asked: Asked
) -> Recommendation | None:
    """The answer that "why?" and "how sure are you?" are about, if there was one."""
    workload, batch_size = q.slots.workload, q.slots.batch_size
    if not (isinstance(workload, str) and isinstance(batch_size, int)):
        return None
    if q.unknown_workload is not None:
        return None
    return parts.answers.recommend(workload, check_batch_size(batch_size), asked)
