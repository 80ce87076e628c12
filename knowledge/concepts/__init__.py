"""Short explanations in our own words: one Markdown file per concept.

finding  Which page a question in words is about, if any
pages    Short explanations in our own words, with sources: what a concept question gets
"""
