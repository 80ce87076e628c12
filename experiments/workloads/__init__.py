"""What can be trained: a record of each workload, and how one is found.

spec      WorkloadSpec: what is true of a workload without building it
registry  WORKLOADS, and how one is found by name
protocol  Task: what each workload offers to be trained
faces/    the face-swap models: their data, their losses, their networks
digits/   small classifiers of scikit-learn's digits
"""
