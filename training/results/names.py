"""Names of the methods, and the base of all parts of an evaluation."""

import msgspec

NEGATIVE = "negative learning"
CONTROL = "plain autoencoder"
CLASSIFIER = "supervised classifier"
KP_ONLY = "Kp alone"
RIVALS = {CONTROL: "control", CLASSIFIER: "classifier"}  # endings of the names of their files


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an evaluation."""
