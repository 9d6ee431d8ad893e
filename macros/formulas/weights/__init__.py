"""What the weights of a model weigh: in the presets of llama.cpp, in formats of other engines, in a file as it is."""
