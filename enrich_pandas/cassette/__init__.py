"""Recordings: a run replayed from a file, recorded into one, or exported to one."""
