"""Finished files become a report and an MLflow record."""
