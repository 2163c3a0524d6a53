"""What changes or steers a network: ControlNets, IP-Adapters, LoRAs, merges, hooks."""
