"""Peers that were tried and left out."""

from ..environments import Unavailable


class UnavailablePeer:
    """A peer that cannot be compared, and why."""

    weights = "–"
    dense_bits = 16
    # Memory that it takes, as a share of the checkpoint.
    resident_share = 0

    def __init__(self, name, reason):
        self.name, self.reason = name, reason

    def prepare(self, work):
        raise Unavailable(self.reason)
