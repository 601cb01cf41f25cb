"""The online side of magwatch: from Kafka records of samples to scores, alerts and metrics.

It imports `geofield` (the domain) and `archive` (models and profiles at rest), never torch.
"""
