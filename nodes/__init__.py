"""Typed node functions: thin glue between the graph machine and the picture machine.

A room for each kind of value, in it a file for each family of operations:

    basics         nodes that know no images: numbers, texts, arithmetic, choices
    models         model files into models, and models into others
    text           prompts into conditioning, and where and when it acts
    latents        latents: made, calculated with, in batches
    sampling       noise into latents, and what guides it
    control        control images, and the networks that they steer
    image_prompts  images as prompts
    patches        changes of weights: LoRA, hooks, hypernetworks
    pictures       images and masks: from files, to files, changed

`standard` finds every `@node` function below this package and puts an engine together; modules
without one are helpers. `values` and `formats` tell the engine how to key and to keep values.
"""
