"""Folders of station profiles, and which of them workers use."""
