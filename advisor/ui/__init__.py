"""How the answers look in a browser: the only package that imports streamlit.

resources     the Advisor that all pages share, and what a page does without one
turns         Turn: one turn of the conversation, to be drawn again and again
components    an answer in its parts: headline, chart, reasons, evidence
chips         what was understood, as chips that can be changed
keeping       below an answer: thumbs, its link, what waits for a yes
plans         the verification plan as a card, and its runs while they go on
speeds        what is fastest here, and the button that measures it
runs/         the list of runs, one run, several compared
evidence/     the tabs of the Evidence page
under_way     what goes on, in a bar on every page
look/         colours, the name and the mark
tables        the store's tables, filtered, to look at and to download
outcome_maps  how a workload's runs ended
text          text as Streamlit's Markdown shows it unchanged
pages/        ask, runs, evidence, history, track_record, help: plain scripts
"""
