"""A study of a Keras model, on any of its backends (KERAS_BACKEND=jax, torch or tensorflow)."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
import paso_ml

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(8, 1))
X_VAL = RNG.normal(size=(500, 8)).astype(np.float32)
Y_VAL = np.tanh(X_VAL @ WEIGHTS)


class Window(keras.callbacks.Callback):
    """Evaluates where the run asks for it."""

    def __init__(self, run: paso_ml.Run) -> None:
        super().__init__()
        self.run, self.done, self.metrics = run, 0, []

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.done += 1
        if self.run.evaluates_after(self.done):
            self.metrics.append(-float(np.mean((np.asarray(self.model(X_VAL)) - Y_VAL) ** 2)))


def train(run: paso_ml.Run) -> float:
    keras.utils.set_random_seed(run.seed)
    rng = np.random.default_rng(run.seed)
    x = rng.normal(size=(16 * run.last_step, 8)).astype(np.float32)
    y = np.tanh(x @ WEIGHTS) + 0.3 * rng.normal(size=(len(x), 1))
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, "tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(run.schedule.keras()), loss="mse")
    window = Window(run)
    model.fit(x, y, batch_size=16, verbose=0, shuffle=False, callbacks=[window])
    return sum(window.metrics) / len(window.metrics)


if __name__ == "__main__":
    answer = paso_ml.settle(train, steps=40, lr=1e-2, metric="minus_mse", margin=0.01, pairs=8)
    print(answer)
