"""What the arena does to the product: no keys for anybody, and, as a negative control, no ledger."""
