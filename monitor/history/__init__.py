"""Follows samples, scores and alerts and keeps them as Parquet, a file per station and UTC day."""
