"""What can forecast: baselines, networks, and how a network's band is made."""
