"""Small classifiers of scikit-learn's digits.

cnn        A small convolutional classifier of digits, with PyTorch's own initialisers
curvature  How sharp a loss is and how noisy its gradient, at the weights of this moment
mlp        A small dense classifier of digits
task       Scikit-learn's 1,797 handwritten digits as a task: 8 x 8 pixels, ten classes
"""
