"""The Help page: what can be asked, the words that answers use, and where data lies."""

import streamlit as st

from advisor.conversation.asking_back import EXAMPLES
from advisor.ui import resources
from advisor.ui.text import escaped
from experiments.workloads.registry import WORKLOADS
from knowledge.concepts.pages import get_concept, load_concepts

PAGES = "advisor/ui/pages"
FIRST_WORD = "learning-rate"
COMMANDS = """\
lr-advisor ask "What LR for batch 5 on RealFace?"
lr-advisor import my-runs.csv --dry-run
lr-advisor verify --workload digits_mlp --batch-size 32 --budget 30s
lr-advisor doctor"""

advisor = resources.advisor_or_stop()


def render_questions() -> None:
    """Draw what can be asked, each question a link that asks it."""
    titles = [spec.title for spec in WORKLOADS.values()]
    st.text(
        f"Ask in plain words. It knows {', '.join(titles)}, and whatever you import. "
        "It shows the evidence and says how sure it is."
    )
    for question in EXAMPLES:
        st.page_link(
            f"{PAGES}/ask.py",
            label=question,
            icon=":material/chat:",
            query_params={"q": question},
        )
    st.page_link(
        f"{PAGES}/evidence.py",
        label="Import runs of your own",
        icon=":material/upload:",
        query_params={"evidence_tab": "Import"},
    )
    st.page_link(
        f"{PAGES}/evidence.py",
        label="Tell how a run of yours went",
        icon=":material/edit_note:",
        query_params={"evidence_tab": "Tell"},
    )


def render_words() -> None:
    """Draw a field to look a word up, and its explanation."""
    keys = [concept.key for concept in load_concepts()]
    key = st.selectbox(
        "Look up",
        keys,
        index=keys.index(FIRST_WORD),
        format_func=lambda one: get_concept(one).title,
        key="word",
        bind="query-params",
    )
    concept = get_concept(key)
    st.text(concept.answer)
    st.text(concept.rest)
    st.caption(escaped(concept.source))


st.title("Help")
render_questions()
st.header("Words", anchor=False)
render_words()
st.header("Your data", anchor=False)
st.text(
    "Everything is kept in one folder on this computer; nothing you type or import "
    "leaves it. To back it up, copy the folder. To begin again, name another one."
)
st.code(str(advisor.store.folder), language=None, wrap_lines=True)
st.header("In a terminal", anchor=False)
st.code(COMMANDS, language="sh", wrap_lines=True)
