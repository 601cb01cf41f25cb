"""Grafana's dashboards as code: `python -m deploy.grafana.boards` writes their JSON.

The JSON is committed, since Grafana reads it and not this; a test compares the two.
"""
