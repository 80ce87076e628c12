"""The terminal: `lr-advisor`.

arguments  The commands of `lr-advisor` and their options
main       The same answers in a terminal: `lr-advisor COMMAND`
study      `lr-advisor study`
"""
