"""Readers of config.json by the kind of model: what classes share, and the logic of those that have some of their own.

Which class is read by which reader, under which names and with which values for what is left out, is a record in data/architectures.
"""
