"""The terminal: `lr-advisor`.

main       each command: what it asks, what it prints, the code it ends with
arguments  the commands and their options
study      `lr-advisor study`
__main__   `python -m advisor.cli`
"""
