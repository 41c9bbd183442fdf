"""Several providers in order, field by field: who is asked for what, and what each one gave."""
