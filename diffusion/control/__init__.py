"""ControlNets and their like: networks and images that steer a denoising network."""
