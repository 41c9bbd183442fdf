"""The plugin's own tests run where it is installed: see test_plugin.py beside this folder."""

collect_ignore = ["tests"]
