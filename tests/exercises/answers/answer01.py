"""Answers to lesson 1."""


def gradients(a, b, c):
    dl = 2 * (a * b + c)
    return dl * b, dl * a, dl


def derivative(edges, start, end):
    if start == end:
        return 1.0
    return sum(local * derivative(edges, following, end) for following, local in edges.get(start, ()))
