"""The doctor's table: data, planted illnesses, healthy runs, and how what was found is counted."""
