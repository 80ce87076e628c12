"""A faceswap model's history: its state file, with the TensorBoard logs beside it.

states   the state file of any era, as sessions with what was set in each
losses   the losses of sessions, from the event files beside a state file
runs     the sessions trained from scratch at one set-up, as a run
"""
