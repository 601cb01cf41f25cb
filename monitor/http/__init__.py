"""HTTP servers and clients that all services share."""
