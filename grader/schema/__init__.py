"""The shared language: pydantic models of challenges, evidence, rubric and result, and the table of causes. Imports nothing of ours."""
