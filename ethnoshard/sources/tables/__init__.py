"""Tables that other people made: of people and their groups, and of who is on which image."""
