"""Find identifier columns, build identities, and turn answers into columns. No HTTP here."""
