"""What is judged: metrics, significance, the verdict."""
