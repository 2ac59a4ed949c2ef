"""Officers and their terms (cán bộ một cửa, lịch phân công): official, standby, and who stands in today.

Always true:
- an officer has at most one term on any day (exclusion constraint), and each cites its decision;
- a term lasts 12 to 24 months, unless the decision gives its reason for another length;
- a standby officer takes over a counter only of the centre and within the term of the decision.

Start reading at `operations.assign`.
"""
