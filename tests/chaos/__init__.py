"""`make chaos`: publishing while everything around it is killed, emptied and stopped.

Real Celery workers and clocks, a PostgreSQL cluster and a Valkey of its own, and simulated networks
that count. The networks honour no idempotency keys here, so that what keeps posts single is the
ledger alone. See docs/decisions/0020-attempt-ledger.md.
"""
