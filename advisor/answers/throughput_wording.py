"""What is fastest here -> sentences (pure)."""
