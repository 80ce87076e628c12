"""The app: navigation, page config, run. Start it with `lr-advisor app`."""

import streamlit as st

from advisor.ui.look import charts  # noqa: F401  the colours of all charts
from advisor.ui.look.frame import ICON, about, render_frame
from advisor.ui.under_way import render_under_way, window_title

PAGES = "advisor/ui/pages"

ask = st.Page(f"{PAGES}/ask.py", title="Ask", default=True)
history = st.Page(f"{PAGES}/history.py", title="History", url_path="history")
runs = st.Page(f"{PAGES}/runs.py", title="Runs", url_path="runs")
evidence = st.Page(f"{PAGES}/evidence.py", title="Evidence", url_path="evidence")
record = st.Page(
    f"{PAGES}/track_record.py", title="Track record", url_path="track-record"
)
help_page = st.Page(f"{PAGES}/help.py", title="Help", url_path="help")
page = st.navigation([ask, history, runs, evidence, record, help_page], position="top")
st.set_page_config(
    page_title=window_title(page.title, []),
    page_icon=str(ICON),
    layout="centered" if page in (ask, history, help_page) else "wide",
    menu_items={"About": about()},
)
render_frame()
render_under_way(page.title)
page.run()
