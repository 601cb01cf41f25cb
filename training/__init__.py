"""The offline side: archives to windows, the network, its training, its judgement, its export.

Imports `geofield` and `archive`, never `monitor`; the only package of the project that uses torch.
"""
