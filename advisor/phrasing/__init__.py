"""An answer in a language model's words, if they hold.

phrasing        one request, the checks, and the wording or why there is none
slots           an answer as named pieces of its own text
checking_slots  whether each slot is known, there, and in a place of its own
checking_words  whether the words between the slots judge or count
checking_form   whether the text is plain, short, and free of digits
chat_endpoint   one request to a chat-completions address
"""
