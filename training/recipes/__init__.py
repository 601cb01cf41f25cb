"""Recipes: one TOML file for each published model."""
