"""Cassettes: record calls, replay them offline, and export past runs."""
