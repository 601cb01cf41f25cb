"""Kp and Dst from the services that publish them to the index topic."""
