"""From measurements to constants: rows, the fit, leave-one-device-out, and imports of what benchmark programs print."""
