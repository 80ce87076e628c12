"""A question of numbers -> a rate, a verdict, a batch size, with words.

answers             Answering: from a store's evidence to rates, verdicts and plans
caveats             What limits an answer
comparison          Which of several workloads stands the higher rate, and how surely
evidence_rows       What an answer rests on
fastest_batch       How fast each batch size trains here
largest_batch       The largest batch size at which a rate still holds
longer_runs         What it would cost to say the same of longer runs
recommendation      Question + evidence + model -> an answer with its interval and
throughput_wording  What is fastest here -> sentences
wording             Answers -> sentences
"""
