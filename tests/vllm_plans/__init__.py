"""What vLLM plans for its cache: the released package, asked on a machine without a GPU. `make vllm-plans` renews data/cache-plans."""
