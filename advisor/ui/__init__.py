"""How the answers look in a browser: the only package that imports streamlit.

resources     the Advisor that all pages share, and what a page does without one
turns         Turn: one turn of the conversation, to be drawn again and again
components    a question, and its answer at a glance: rate, ruler, small chart
details       all that is not said at a glance: reasons, evidence, settings, SQL
citing        what the marks [1], [2] of an answer name, beside the page
chips         what was understood or assumed, as chips that can be changed
closing       popovers that close once their form was sent
keeping       below an answer: thumbs, its link, what waits for a yes
documents     an answer to take away: Markdown with its evidence, its chart
telling       the form for a run that a person has made already
ways_in       what can be done about a model that nobody here has run
plans         the tests that an answer offers: Run, their fields, what they cost
live          tests while they go on, and what came of them
browser/      what runs in the browser itself: the ruler, where the window stands
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
