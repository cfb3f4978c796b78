"""One check per question that the doctor asks."""
