"""What can be trained: a record of each workload, and how one is found.

digits/   Small classifiers of scikit-learn's digits
faces/    The face-swap models: their data, their losses, their networks
protocol  What every workload offers
registry  The workloads that can be trained here, found by name; loads no torch
spec      What can be said of a workload without building it: a record, without torch
"""
