"""A study of a JAX training loop with optax."""

import jax
import jax.numpy as jnp
import optax
import paso_ml

WEIGHTS = jax.random.normal(jax.random.key(1000), (8,))


def model(params: dict, x: jax.Array) -> jax.Array:
    return jnp.tanh(x @ params["a"]) @ params["b"]


def loss_of(params: dict, x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.mean((model(params, x) - y) ** 2)


@jax.jit
def update(params: dict, state: tuple, lr: float, key: jax.Array) -> tuple[dict, tuple]:
    x_key, noise_key = jax.random.split(key)
    x = jax.random.normal(x_key, (16, 8))
    y = jnp.tanh(x @ WEIGHTS) + 0.3 * jax.random.normal(noise_key, (16,))
    updates, state = optax.scale_by_adam().update(jax.grad(loss_of)(params, x, y), state)
    return jax.tree.map(lambda p, u: p - lr * u, params, updates), state


def train(run: paso_ml.Run) -> float:
    a_key, b_key, key = jax.random.split(jax.random.key(run.seed), 3)
    params = {"a": jax.random.normal(a_key, (8, 16)) / 3, "b": jax.random.normal(b_key, (16,)) / 4}
    state = optax.scale_by_adam().init(params)
    x = jax.random.normal(jax.random.key(2000), (500, 8))
    metrics = []
    # The learning rate is an argument, so that all runs share one compiled update. In a loop of your own with one
    # schedule: optax.adam(schedule.optax()).
    for step, lr in enumerate(run.schedule.lrs(run.last_step)):
        params, state = update(params, state, lr, jax.random.fold_in(key, step))
        if run.evaluates_after(step + 1):
            metrics.append(-float(loss_of(params, x, jnp.tanh(x @ WEIGHTS))))
    return sum(metrics) / len(metrics)


if __name__ == "__main__":
    answer = paso_ml.settle(train, steps=60, lr=1e-2, metric="minus_mse", margin=0.01, pairs=8)
    print(answer)
