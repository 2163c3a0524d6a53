"""Images as prompts: IP-Adapter, Flux Redux, unCLIP, and the image encoder they share."""
