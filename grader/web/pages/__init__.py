"""The pages that people see: one module per theme."""
