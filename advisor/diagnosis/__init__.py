"""What a symptom points to, below and above the boundary.

symptoms     text -> what is wrong, when, and what was changed before (pure)
causes       the causes, and their order by symptom and side, with sources (pure)
records      the records of a diagnosis (pure)
diagnosing   symptoms, a judgement and runs -> a diagnosis (pure)
reasons      why a cause stands where it stands (pure)
wording      a diagnosis -> sentences (pure)
answer       the answer to "why did it go wrong?"
"""
