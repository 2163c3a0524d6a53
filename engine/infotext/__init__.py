"""What the Stable Diffusion web UI writes into pictures: read, and made into a workflow."""
