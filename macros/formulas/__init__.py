"""What follows: pure functions of numbers, each with its equation, units, assumptions and source. No input, no output."""
