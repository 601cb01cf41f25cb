"""Training: windows from archives, the network, its training, evaluation and export.

Imports `geofield` and `archive`, never `monitor`. It is the only package that uses torch.
"""

import archive  # noqa: F401 - sets a variable that onnxruntime reads on import
