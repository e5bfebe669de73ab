"""What was found, kept so that a question finds it again."""
