"""Learning: features, samples, networks, training, inference and saved models."""
