"""Reports: what a run will do or has done, for people to read."""
