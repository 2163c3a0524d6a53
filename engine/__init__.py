"""The graph machine: documents, validation, planning, keys, cache, running, events.

Knows nothing of pictures: no torch, no diffusion. Its rooms, each built on those above it:

    errors, events, cancel   what every part speaks
    files                    from names in documents to files that a run may use
    store                    digests, keys, results in memory and on disk
    declaration              what node authors write
    graph                    what people write: documents, and what stands in them
    comfy                    the same as ComfyUI writes it
    validate                 what is wrong with a document
    workflows, share         what scripts do with documents; bundles of them
    plan, running, run       which steps there are, what a run is made of, and the walk itself
    engine                   all of it behind one door
    contract, testing        whether nodes keep to the rules; what a run did

An import goes upwards in this list; import-linter says so.
"""
