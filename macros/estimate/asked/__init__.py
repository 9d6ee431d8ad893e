"""What a question names, found and checked: its model and format, its engine, its devices."""
