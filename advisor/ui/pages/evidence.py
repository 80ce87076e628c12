"""The Evidence page: what is known, as a map and in tables, and how more gets in."""

import streamlit as st

from advisor.ui import resources
from advisor.ui.evidence.importing import render_import
from advisor.ui.evidence.queries import render_query_box
from advisor.ui.evidence.reports import render_reports
from advisor.ui.evidence.store_tables import render_tables
from advisor.ui.evidence.telling import render_telling
from advisor.ui.outcome_maps import render_outcome_map

# What each tab draws.
TABS = {
    "Outcome map": render_outcome_map,
    "Reports": render_reports,
    "Tables": render_tables,
    "SQL": render_query_box,
    "Import": render_import,
    "Tell": render_telling,
}

advisor = resources.advisor_or_stop()
st.title("Evidence")
tabs = st.tabs(list(TABS), key="evidence_tab", bind="query-params")
for tab, render in zip(tabs, TABS.values(), strict=True):
    if tab.open:  # what a closed one shows is not even worked out
        with tab, resources.errors_shown():
            render(advisor)
