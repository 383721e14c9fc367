"""The computations of the lessons: small, honest, and done in a second or two."""
