"""How the answers look in a browser: the only package that imports streamlit.

resources     the Advisor that all pages share, and what a page does without one
turns         Turn: one turn of the conversation, to be drawn again and again
components    an answer in its parts: headline, chart, reasons, evidence
chips         what was understood, as chips that can be changed
keeping       below an answer: thumbs, its link, what waits for a yes
plans         the verification plan as a card, and its runs while they go on
speeds        what is fastest here, and the button that measures it
run_views     jobs, one run's curve, previews and config
tables        the store's tables, filtered, to look at and to download
outcome_maps  how a workload's runs ended
text          text as Streamlit's Markdown shows it unchanged
pages/        ask, runs, evidence, history, track_record: plain scripts
"""
