"""The fixtures of the worker's own tests."""

from tests.monitor.conftest import kafka_site, model_path, site, tansu_site

__all__ = ["kafka_site", "model_path", "site", "tansu_site"]
