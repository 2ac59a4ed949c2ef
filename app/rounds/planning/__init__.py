"""Planning (lập tuyến): which courier is at which door when, for one province and one day.

Always true:
- nothing here reads a clock, a store or a network: a problem goes in, a plan comes out;
- no plan leaves `solver.plan` that `checker.violations` finds fault with;
- the checker shares no code with what makes plans, only the values of `problem`.

Booking asks `insertion.LivePlan`, which answers in a fraction of a millisecond; `solver.plan` makes the
whole day shorter in the background, and `adoption.adopted` says whether that may replace what went on
meanwhile. Start reading at `problem`.
"""
