"""Keys and what is sealed with them: knows no table and no person."""
