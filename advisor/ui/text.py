"""Text as Streamlit's Markdown shows it unchanged; plain prose goes through st.text."""

import re

_MARKUP = str.maketrans({c: f"\\{c}" for c in r"\`*_{}[]|~$<>:&"})
_LINE_START = re.compile(r"^(\s*)([#+=-]|\d+[.)])", re.MULTILINE)


def escaped(text: str) -> str:
    r"""Return text so that Markdown shows it as it was typed, line by line.

    >>> print(escaped("a *b* costs $5"))
    a \*b\* costs \$5
    """
    shown = _LINE_START.sub(
        lambda m: f"{m[1]}{m[2][:-1]}\\{m[2][-1]}", text.translate(_MARKUP)
    )
    return shown.replace("\n", "  \n")
