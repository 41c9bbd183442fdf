"""The frame side: knows pandas, and no HTTP."""
