"""The past: days, years and alerts of stations, from the folder that `magwatch history` keeps."""
