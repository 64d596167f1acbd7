"""The steps that build the schema; `reception.storage.schema` runs them."""
