"""Symptoms -> their likeliest causes, below and above the boundary.

diagnosing  symptoms and a verdict on the rate -> a Diagnosis
causes      the table of causes: which symptom speaks for which, in words
reasons     why a cause is one here, and what to change
records     Diagnosis, and the records it is made of
wording     a diagnosis -> sentences
"""
