"""What stands on each form: facts in, a template's data out (pure)."""
