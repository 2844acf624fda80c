"""What a trained model looks at: residues by position, and columns of its features."""
