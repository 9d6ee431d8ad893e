"""What leaves: the site, the API, the calculator's script, PDF and offline copy, and the report under a pull request."""
