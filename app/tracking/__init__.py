"""Secret links: whoever holds one sees where a ticket, an appointment or a home visit stands.

Always true: a link names one thing, tells its state and times, and never a name, phone or address; a link
we did not make names nothing.
"""
