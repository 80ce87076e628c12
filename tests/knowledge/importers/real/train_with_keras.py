"""Train a small net with Keras' CSVLogger, into files in the folder that is named."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np


def train(file, rate, *, logs_rate):
    keras.utils.set_random_seed(0)
    rows = np.random.default_rng(0).normal(size=(256, 8)).astype("float32")
    layers = [keras.Input((8,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(rate), "mse", metrics=["mae"])
    schedule = [keras.callbacks.ReduceLROnPlateau(patience=1)] if logs_rate else []
    model.fit(
        rows,
        rows.sum(1, keepdims=True),
        batch_size=16,
        epochs=6,
        validation_split=0.25,
        callbacks=[*schedule, keras.callbacks.CSVLogger(file)],
        verbose=0,
    )


if __name__ == "__main__":
    train(f"{sys.argv[1]}/logged.csv", 0.1, logs_rate=True)
    train(f"{sys.argv[1]}/plain.csv", 0.01, logs_rate=False)
    train(f"{sys.argv[1]}/broken.csv", 1e30, logs_rate=True)
