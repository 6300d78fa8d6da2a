"""A schedule for scikit-learn's MLPRegressor: `partial_fit`, one update at a time."""

import numpy as np
import paso_ml
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

x, y = load_diabetes(return_X_y=True)
y = (y - y.mean()) / y.std()
x_train, x_test, y_train, y_test = train_test_split(StandardScaler().fit_transform(x), y, random_state=0)

schedule = paso_ml.Schedule("warmup(5%) then linear(to 0)", lr=1e-2, steps=300)
model = MLPRegressor(hidden_layer_sizes=(32,), solver="adam", alpha=1e-2, random_state=0)
rng = np.random.default_rng(0)
for step in range(300):
    batch = rng.integers(0, len(x_train), 32)
    model.learning_rate_init = schedule(step)
    if step:
        # scikit-learn reads the learning rate when it makes its optimizer; afterwards it is the optimizer's.
        model._optimizer.learning_rate_init = schedule(step)
    model.partial_fit(x_train[batch], y_train[batch])
print(f"R2 on the test split: {model.score(x_test, y_test):.2f}")
