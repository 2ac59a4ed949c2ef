"""Home service (tiếp nhận và trả kết quả tại nhà): a window promised, a courier sent, papers in good hands.

Always true:
- a window is a place in the same seat ledger as a counter slot, and one in a round that can keep it;
- what couriers report is stored by its id; the visit's state is a fold over what was stored, so twice is
  once and the order of arrival does not matter;
- a physical fact (a sealed bag, a fee taken) is kept even when it can no longer be applied;
- the hand-over code is known to the citizen only, and is not stored.

Start reading at `operations/promise.py` (the citizen) and `operations/report.py` (the courier).
"""
