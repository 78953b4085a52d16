"""Fault injection: steady state -> inject -> prove -> probe -> undo -> steady state, one catalogue, one small module per target.

Facts by fault (see each module): every probed fault has `healthy_before` (share of valid predictions before the fault), `degraded_before`
(share flagged degraded then) and, where the harness had to start the container anew afterwards, `restarted_by_harness`.
"""
