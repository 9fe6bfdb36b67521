"""Tests of the shop: `prices` or `stock`. Ends with code 1 at the first surprise."""

import os
import sys
import urllib.error
import urllib.request

SHOP = f"http://127.0.0.1:{os.environ['PORT']}"


def ask(path, method="GET"):
    request = urllib.request.Request(SHOP + path, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        price, stock = answer.read().split()
        return int(price), int(stock)


def prices():
    assert ask("/item/bun")[0] == 3
    assert ask("/item/tea")[0] == 5
    try:
        ask("/item/coal")
    except urllib.error.HTTPError as error:
        assert error.code == 404
    else:
        raise AssertionError("coal is not sold here")
    print("prices are right")


def stock():
    """Nobody else may buy between these lines: the lock in the workflow sees to that."""
    before = ask("/item/bun")[1]
    for bought in range(1, 4):
        assert ask("/item/bun", "POST")[1] == before - bought
    print(f"stock went from {before} to {before - 3}")


if __name__ == "__main__":
    {"prices": prices, "stock": stock}[sys.argv[1]]()
