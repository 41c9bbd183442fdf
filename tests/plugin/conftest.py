"""Do not collect the plugin's own tests: tests/end_to_end/test_plugin.py installs and runs them."""

collect_ignore = ["tests"]
