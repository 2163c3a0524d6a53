"""weft: a node-graph engine for diffusion images."""
