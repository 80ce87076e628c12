"""Verifications under way: only here are processes of ours started.

verifications  Verifications: started, found again, stopped, gone on with
verification   Verification: one of them, its progress, its end, what it changed
tending        Tending: plans and queues what is due in a verification
supervisor     the process that tends a store's unfinished work
supervision    Supervision: starts that process, looks after it, gives up on it
speeds         measures how fast each batch size trains here, and saves it
descriptions   a workload's shapes and parameter counts, without loading torch
job_documents  a job as a document: for a person, for JSON, for the store
"""
