"""What classes are that the guide does not compute."""

OTHERS = {
    "encoder": "an encoder, which turns a text into vectors and writes none",
    "encoder-decoder": "an encoder with a decoder, each with layers of its own",
    "draft": "a head that drafts tokens, which is loaded beside its model",
    "speech": "a part of a program that speaks",
    "switch": "a model with adapters inside that it switches between",
}
"""What models and files of some classes are that the guide does not compute."""
