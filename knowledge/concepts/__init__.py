"""Short explanations in our own words: one Markdown file per concept.

pages    the pages, with their keywords, ties and sources
finding  which page a question in words is about, if any
"""
