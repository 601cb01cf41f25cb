"""The fixtures of the monitor's tests serve here too."""

from tests.monitor.conftest import model_path, tansu_site

__all__ = ["model_path", "tansu_site"]
