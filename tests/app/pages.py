"""What the page tests share besides fixtures."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from knowledge.records import Outcome, Run

OpenPage = Callable[..., AppTest]


def texts(at: AppTest) -> str:
    """Return everything a person can read on the page, a line each."""
    shown = [*at.text, *at.markdown, *at.caption, *at.title, *at.header, *at.subheader]
    shown += [*at.error, *at.warning, *at.success, *at.info]
    lines = [str(element.value) for element in shown]
    lines += [f"{metric.label}: {metric.value}" for metric in at.metric]
    return "\n".join(lines)


def proxy_run(number: int, *, rate: float, outcome: Outcome) -> Run:
    """A run as a worker would leave it."""
    return Run(
        id=f"run:{number:016x}",
        workload="realface@1/16",
        batch_size=5,
        learning_rate=rate,
        optimizer="adam",
        recipe="faceswap-2021",
        source="ours",
        seed=number,
        outcome=outcome,
        failed_at_step=20 if outcome.is_unstable else None,
        steps=150,
        horizon_steps=150,
        device="cpu",
        precision="fp32",
        batch_convention="per_side",
        created="2026-01-01T00:00:00",
    )


def show_tab(at: AppTest, tab: str) -> AppTest:
    """Open a tab of the Evidence page."""
    at.session_state["evidence_tab"] = tab
    at.run()
    assert not at.exception
    return at
