"""The network, its loss, its training and its export."""
