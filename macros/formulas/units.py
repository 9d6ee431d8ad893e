"""Units, once: inside there are bytes, FLOP and seconds; GB is 10^9 bytes, GiB is 2^30."""

KIB = 1024
MIB = 1024 * 1024
GIB = 1024 * 1024 * 1024
KB = 1_000
MB = 1_000_000
GB = 1_000_000_000
TERA = 1_000_000_000_000
MICRO = 1e-6
