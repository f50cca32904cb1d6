"""The model of `benchmarks.scale`: what must hold whatever the network."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import machines, scale

SIZES = [3072, 500, 500, 500, 10]


def test_a_reduce_is_the_quickest_of_three():
    assert scale.reduce_seconds(1000, 1, 1e-5, 1e-9) == 0
    small = [scale.reduce_seconds(8, ranks, 1e-5, 1e-9) for ranks in (2, 4, 1024)]
    assert small == pytest.approx([1e-5, 2e-5, 10e-5], rel=1e-2), "few bytes: one latency for each doubling"
    large = [scale.reduce_seconds(1e9, ranks, 1e-6, 1e-9, 0) for ranks in (2, 1024)]
    assert large == pytest.approx([1.0, 2.0], rel=1e-2), "many bytes: each twice through the link"


def test_buckets_hold_every_gradient_once():
    found = scale.buckets(SIZES)
    assert sum(size for size, _ in found) == sum(4 * m * (n + 1) for n, m in zip(SIZES, SIZES[1:]))
    shares = [share for _, share in found]
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize("nodes", scale.NODES)
@pytest.mark.parametrize("link", scale.LINKS.values())
def test_hiding_a_reduce_never_costs(nodes, link):
    alpha, gbits = link
    after, overlap, local = (
        scale.step_seconds(0.01, SIZES, nodes, alpha, 8 / (gbits * 1e9), way) for way in ("after", "overlap", "local")
    )
    assert overlap <= after + len(scale.buckets(SIZES)) * 2 * (nodes - 1) * alpha
    assert local <= after
    assert min(after, overlap, local) >= 0.01 * (1 - 1e-12)
    if nodes == 1:
        assert after == overlap == local == pytest.approx(0.01)


def test_latency_and_bandwidth_are_found_again():
    points = [(n, 3e-6 + 2e-10 * n) for n in (8, 1000, 10**6, 10**7)]
    assert machines.fitted(points) == pytest.approx((3e-6, 2e-10), rel=1e-6)
