"""The guide: hardware for running open language models. Rooms import one way: specs, formulas, estimate, calibrate and tables, render,
publish, generator, commands."""
