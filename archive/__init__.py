"""Readers and writers of files, shared by the monitor and training.

Observatory archives, the Kp table, model files and station profiles. This package converts bytes to
values of `geofield` and refuses invalid files; it makes no decisions.
"""

import os

# onnxruntime reads this on import: since 1.32 it records its use in a database in the home folder
# and sends it to its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
