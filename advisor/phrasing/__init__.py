"""An answer in a language model's words, if they hold.

chat_endpoint   One request to a chat-completions address
checking_form   A language model's wording as a text: plain, short, no digits, no deeds
checking_slots  The slots of a wording
checking_words  A wording's own words, those between the slots: no number and no verdict
phrasing        An answer in a language model's words
slots           An answer as named pieces of its own text
"""
