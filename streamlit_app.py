"""The app: navigation, page config, run. Start it with `lr-advisor app`."""

import streamlit as st

ask = st.Page("advisor/ui/pages/ask.py", title="Ask", default=True)
history = st.Page("advisor/ui/pages/history.py", title="History", url_path="history")
runs = st.Page("advisor/ui/pages/runs.py", title="Runs", url_path="runs")
evidence = st.Page(
    "advisor/ui/pages/evidence.py", title="Evidence", url_path="evidence"
)
record = st.Page(
    "advisor/ui/pages/track_record.py", title="Track record", url_path="track-record"
)
page = st.navigation([ask, history, runs, evidence, record], position="top")
st.set_page_config(
    page_title=f"{page.title} - LR Advisor",
    page_icon="📈",
    layout="centered" if page in (ask, history) else "wide",
)
page.run()
