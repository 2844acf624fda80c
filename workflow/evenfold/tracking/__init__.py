"""The MLflow record of finished files."""
