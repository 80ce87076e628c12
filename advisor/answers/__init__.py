"""A question of numbers -> a rate, a verdict, a batch size, with words.

answers             Answers: from a store's evidence to each kind of answer
recommendation      the rate for a batch size, or the verdict on one, with its interval
tried               how the advised rate stands to those that were run
seen                what people and runs have seen at the batch size, or nearest to it
brief               the short answer: rate, why, doubt, act, with the ids it cites
caveats             what limits an answer: a kind and a sentence each
largest_batch       the largest batch size at which a rate still holds
comparison          which of several workloads tolerates the higher rate, and how surely
difference          whether two settings' scores differ by more than chance
difference_wording  that, in sentences
two_settings        the two settings that a person names, and what compares
fastest_batch       how fast each batch size trains here, and the fastest that is safe
longer_runs         what it would cost to say the same of longer runs
evidence_rows       what an answer rests on and what it left out, as rows to read
wording             answers -> sentences: the short text, and the details behind it
"""
