"""Typed node functions: thin glue between the graph engine and the diffusion library.

One folder for each kind of value, in it a file for each group of operations:

    basics         numbers, texts, arithmetic, switches
    models         loading, merging, saving and patching models
    text           encoding prompts, and their regions and timestep ranges
    latents        encoding, decoding, arithmetic and batches of latents
    sampling       samplers, schedulers, guidance
    control        preprocessors, and the control networks for their images
    image_prompts  images as prompts
    patches        patches of weights: LoRA, hooks, hypernetworks
    pictures       loading, saving and changing images and masks

`standard` finds every `@node` function below this package and puts an engine together; modules
without one are helpers. `values` and `formats` tell the engine how to key and to keep values.
"""
