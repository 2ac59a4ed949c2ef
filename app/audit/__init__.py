"""The journal proven: its lines are sealed minute by minute, and one altered line is named.

`seals` is what a seal says (pure), `operations` makes them, `journal` recomputes all, `commands` is
`motcua audit`, which proves the chains of custody too.
"""
