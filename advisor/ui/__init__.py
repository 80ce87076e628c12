"""How the answers look in a browser: the only package that imports streamlit.

resources.py    the cached Advisor, and what a page does without one
turns.py        one turn of the conversation as a record: answer, chart, verification
components.py   render_*: an answer in its parts
plans.py        render_*: the verification plan, and its runs while they go on
speeds.py       render_*: what is fastest here, and the button that measures it
run_views.py    render_*: jobs, one run's curve, previews and config
tables.py       filtered tables of the store, downloads
outcome_maps.py render_*: how a workload's runs ended
pages/          ask.py, runs.py, evidence.py, track_record.py: plain scripts, one each
"""
