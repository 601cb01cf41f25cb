"""The commands ``magwatch train`` and ``magwatch evaluate``."""
