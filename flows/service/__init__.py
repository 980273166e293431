"""The service of `whence serve`: Prefect's server, a worker and the HTTP service, kept running."""
