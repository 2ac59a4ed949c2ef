"""E-mail (thư điện tử): a second way a message goes, with the appointment for the calendar in it.

Always true:
- nothing that came from a person becomes a header: an address or a title with a line break is refused;
- a letter keeps one `Message-ID` however often it is sent, so that a mailbox shows it once;
- a code never goes by e-mail: it proves that somebody holds the phone.

Start reading at `letters.py` (what is sent), `smtp_channel.py` (how), `bounces.py` (what comes back).
"""
