"""These modules run in an environment of their own: `make vllm-plans`."""

collect_ignore_glob = ["*.py"]
