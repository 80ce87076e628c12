"""Small classifiers of scikit-learn's digits.

task       the digits as a task: their batches, loss and measures
mlp        digits_mlp: a small dense classifier
cnn        digits_cnn: a small convolutional one
curvature  how sharp a loss is and how noisy its gradient
"""
