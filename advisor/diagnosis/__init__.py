"""What a symptom points to, below and above the boundary.

causes      The causes of a failed training: which symptom speaks for which, in words
diagnosing  Symptoms and a verdict on the rate -> a Diagnosis: causes, likeliest first
reasons     Why a cause is one, and what to change, from what is known of the case
records     The records of a diagnosis: symptoms, side of the boundary, causes in order
wording     A diagnosis -> sentences : the likeliest cause, why, the others, what to do
"""
