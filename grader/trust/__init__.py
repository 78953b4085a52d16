"""What a score is worth: docs/trust.md, generated from the recorded figures of validation, repeats and the false-blame campaign."""
