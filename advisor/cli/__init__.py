"""The terminal: `lr-advisor`.

main       each command: what it asks, what it prints, the code it ends with
shared     what the commands share: opening the store, what was asked, tables
arguments  the commands and their options
app        `lr-advisor app`: the server of the pages
verify     `lr-advisor verify`: runs started, watched, told of
study      `lr-advisor study`
__main__   `python -m advisor.cli`
"""
