"""What steers a network beside its prompt: ControlNets, IP-Adapters, LoRAs."""
