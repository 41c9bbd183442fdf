"""The doctor: what is installed and kept on this machine, and what holds on the user's account."""
