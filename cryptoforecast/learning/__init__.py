"""What is learnt: features, samples, networks, saved models, baselines."""
