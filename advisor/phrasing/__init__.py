"""The optional language model: an answer in its words, with code's numbers in them.

phrasing          asks the model once; its words filled in, or a line that says why not
chat_endpoint     one request, bounded in time, size and destination
slots             an answer -> named pieces of its own text, and back into prose (pure)
checking_slots, checking_form, checking_words  why a wording may not be shown (pure)
"""
