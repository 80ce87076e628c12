"""The optional language model: an answer in its words, if every number in them holds.

phrasing          asks the model, and shows its words or says in a line why not
chat_endpoint     one request, bounded in time, size and destination
facts             what an answer and the tools' results say (pure)
figures, spoken   what a wording says: its numbers, what each is tied to (pure)
checking_words, checking_numbers, checking_form  the one against the other (pure)
"""
