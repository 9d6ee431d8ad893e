"""How it looks: frames, records and formulas as HTML, charts and sentences, in the language of the page."""
