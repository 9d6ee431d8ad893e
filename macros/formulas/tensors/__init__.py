"""The tensors of a model: every matrix and vector of its file, from its architecture.

Equal tensors of several layers are one group, so that a model is some twenty groups instead of a thousand tensors.
Shapes are written as the file has them: `row` values lie side by side, `rows` of them, `stack` such matrices.
"""
