"""The guide's own package. This module alone knows the site generator: the names that pages may call, and how a site is built."""
