"""The run side: knows HTTP and the journal, and no pandas."""
