"""One call from a noisy latent to a clean one, whatever the family of the network."""
