"""One step of each rule on known numbers, and the textbook conventions in other variables."""

import numpy as np
import pytest

import microtorch
from microtorch import optim

# One step from w = linspace(-0.4, 0.6), gradient linspace(-0.6, 0.4), velocity or first average
# linspace(0.6, 0.9), second average of Adam linspace(0.7, 0.5) after 5 steps; 4 x 5. From the course notebooks.
# fmt: off
STEPS = {
    "momentum_velocity_form": {
        "next_w": [
            0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789,
            0.47454737, 0.54133684, 0.60812632, 0.67491579, 0.74170526,
            0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263,
            1.14244211, 1.20923158, 1.27602105, 1.34281053, 1.4096,
        ],
        "next_velocity": [
            0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158,
            0.61138947, 0.62554737, 0.63970526, 0.65386316, 0.66802105,
            0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053,
            0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096,
        ],
        "max_rel_error": 1e-08,
    },
    "nesterov_velocity_form": {
        "next_w": [
            0.08714, 0.15246105, 0.21778211, 0.28310316, 0.34842421,
            0.41374526, 0.47906632, 0.54438737, 0.60970842, 0.67502947,
            0.74035053, 0.80567158, 0.87099263, 0.93631368, 1.00163474,
            1.06695579, 1.13227684, 1.19759789, 1.26291895, 1.32824,
        ],
        "next_velocity": [
            0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158,
            0.61138947, 0.62554737, 0.63970526, 0.65386316, 0.66802105,
            0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053,
            0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096,
        ],
        "max_rel_error": 2e-08,
    },
    "momentum_buffer_form": {
        "next_w": [
            -0.39994, -0.347375263, -0.294810526, -0.242245789, -0.189681053,
            -0.137116316, -0.084551579, -0.031986842, 0.020577895, 0.073142632,
            0.125707368, 0.178272105, 0.230836842, 0.283401579, 0.335966316,
            0.388531053, 0.441095789, 0.493660526, 0.546225263, 0.59879,
        ],
        "next_velocity": [
            -0.06, 0.006842105, 0.073684211, 0.140526316, 0.207368421,
            0.274210526, 0.341052632, 0.407894737, 0.474736842, 0.541578947,
            0.608421053, 0.675263158, 0.742105263, 0.808947368, 0.875789474,
            0.942631579, 1.009473684, 1.076315789, 1.143157895, 1.21,
        ],
        "max_rel_error": 1e-07,
    },
    "rmsprop": {
        "next_w": [
            -0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247,
            -0.132737, -0.08078555, -0.02881884, 0.02316247, 0.07515774,
            0.12716641, 0.17918792, 0.23122175, 0.28326742, 0.33532447,
            0.38739248, 0.43947102, 0.49155973, 0.54365823, 0.59576619,
        ],
        "next_square_avg": [
            0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321,
            0.67329252, 0.68859723, 0.70395734, 0.71937285, 0.73484377,
            0.75037008, 0.7659518, 0.78158892, 0.79728144, 0.81302936,
            0.82883269, 0.84469141, 0.86060554, 0.87657507, 0.8926,
        ],
        "max_rel_error": 1e-07,
    },
    "adam": {
        "next_w": [
            -0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977,
            -0.1380274, -0.08544591, -0.03286534, 0.01971428, 0.0722929,
            0.1248705, 0.17744702, 0.23002243, 0.28259667, 0.33516969,
            0.38774145, 0.44031188, 0.49288093, 0.54544852, 0.59801459,
        ],
        "next_exp_avg_sq": [
            0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853,
            0.64683452, 0.63628604, 0.6257431, 0.61520571, 0.60467385,
            0.59414753, 0.58362676, 0.57311152, 0.56260183, 0.55209767,
            0.54159906, 0.53110598, 0.52061845, 0.51013645, 0.49966,
        ],
        "next_exp_avg": [
            0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474,
            0.57736842, 0.59684211, 0.61631579, 0.63578947, 0.65526316,
            0.67473684, 0.69421053, 0.71368421, 0.73315789, 0.75263158,
            0.77210526, 0.79157895, 0.81105263, 0.83052632, 0.85,
        ],
        "max_rel_error": 2e-07,
    },
}
# fmt: on


def rel_error(x, y):
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))


def grid(first, last):
    return np.linspace(first, last, 20).reshape(4, 5)


def tensor(array, **options):
    return microtorch.tensor(np.asarray(array), **options)


def with_gradient(w, g):
    p = tensor(w, requires_grad=True)
    p.grad = tensor(g)
    return p


def start():
    return with_gradient(grid(-0.4, 0.6), grid(-0.6, 0.4))


def assert_step(rule, p, **kept):
    for key, values in {"next_w": p.detach().numpy(), **kept}.items():
        expected = np.reshape(STEPS[rule][key], (4, 5))
        assert rel_error(values, expected) <= STEPS[rule]["max_rel_error"], key


@pytest.mark.parametrize("rule, nesterov", [("momentum_velocity_form", False), ("nesterov_velocity_form", True)])
def test_velocity_with_the_learning_rate_inside(rule, nesterov):
    # u = momentum u - lr g, w = w + u: the buffer is -u / lr
    p, lr = start(), 1e-3
    optimizer = optim.SGD([p], lr=lr, momentum=0.9, nesterov=nesterov)
    optimizer.state[p]["momentum_buffer"] = tensor(-grid(0.6, 0.9) / lr)
    optimizer.step()
    assert_step(rule, p, next_velocity=-lr * optimizer.state[p]["momentum_buffer"].numpy())


def test_velocity_without_the_learning_rate():
    p = start()
    optimizer = optim.SGD([p], lr=1e-3, momentum=0.9)
    optimizer.state[p]["momentum_buffer"] = tensor(grid(0.6, 0.9))
    optimizer.step()
    assert_step("momentum_buffer_form", p, next_velocity=optimizer.state[p]["momentum_buffer"].numpy())


def test_rmsprop_on_known_numbers():
    p = start()
    optimizer = optim.RMSprop([p], lr=1e-2, alpha=0.99, eps=1e-8)
    optimizer.state[p].update(step=1, square_avg=tensor(grid(0.6, 0.9)))
    optimizer.step()
    assert_step("rmsprop", p, next_square_avg=optimizer.state[p]["square_avg"].numpy())


def test_adam_on_known_numbers():
    p = start()
    optimizer = optim.Adam([p], lr=1e-2, betas=(0.9, 0.999), eps=1e-8)
    optimizer.state[p].update(step=5, exp_avg=tensor(grid(0.6, 0.9)), exp_avg_sq=tensor(grid(0.7, 0.5)))
    optimizer.step()
    state = optimizer.state[p]
    assert_step("adam", p, next_exp_avg=state["exp_avg"].numpy(), next_exp_avg_sq=state["exp_avg_sq"].numpy())
    assert state["step"] == 6


@pytest.mark.parametrize("nesterov", [False, True])
def test_textbook_conventions_are_this_one_in_other_variables(nesterov):
    rng, mu, lr = np.random.default_rng(0), 0.9, 0.05
    w0, gradients = rng.standard_normal(7), rng.standard_normal((6, 7))

    w, u = w0.copy(), np.zeros(7)
    for g in gradients:  # velocity with the learning rate inside, classical Nesterov
        before, u = u, mu * u - lr * g
        w += u + mu * (u - before) if nesterov else u
    p = with_gradient(w0, w0)
    optimizer = optim.SGD([p], lr=lr, momentum=mu, nesterov=nesterov)
    for g in gradients:
        p.grad = tensor(g)
        optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), w, rtol=1e-12)
    np.testing.assert_allclose(-lr * optimizer.state[p]["momentum_buffer"].numpy(), u, rtol=1e-12)


def test_the_exponential_average_is_momentum_with_a_smaller_learning_rate():
    rng, beta, lr = np.random.default_rng(0), 0.9, 0.05
    w0, gradients = rng.standard_normal(7), rng.standard_normal((6, 7))
    w, m = w0.copy(), np.zeros(7)
    for g in gradients:
        m = beta * m + (1 - beta) * g
        w -= lr * m
    p = with_gradient(w0, w0)
    optimizer = optim.SGD([p], lr=(1 - beta) * lr, momentum=beta)
    for g in gradients:
        p.grad = tensor(g)
        optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), w, rtol=1e-12)
    np.testing.assert_allclose((1 - beta) * optimizer.state[p]["momentum_buffer"].numpy(), m, rtol=1e-12)
