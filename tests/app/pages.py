"""What the page tests share besides fixtures."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


def texts(at: AppTest) -> str:
    """Return everything a person can read on the page, a line each."""
    shown = [*at.text, *at.markdown, *at.caption, *at.title, *at.header, *at.subheader]
    shown += [*at.error, *at.warning, *at.success, *at.info]
    lines = [str(element.value) for element in shown]
    lines += [f"{metric.label}: {metric.value}" for metric in at.metric]
    return "\n".join(lines)
