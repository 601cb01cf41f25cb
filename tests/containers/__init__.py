"""Both images, built and run as docker-compose.yml does: `make containers`."""
