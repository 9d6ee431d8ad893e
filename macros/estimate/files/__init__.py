"""What a file says of itself: GGUF and safetensors headers, read without their tensors."""
