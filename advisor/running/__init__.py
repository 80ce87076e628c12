"""Verifications under way: the only room that starts processes.

descriptions   A built-in workload's shapes and exact parameter counts
job_documents  A job as a document
speeds         Measures how fast each batch size trains on this machine, and saves it
supervision    Whether somebody tends a store's unfinished work
supervisor     Tends a store's unfinished work
tending        What a verification does next
verification   Verification runs under way: started, advanced, watched, stopped
"""
