"""Citizens: what a person chose about messages, and their rights over what is held about them.

Always true:
- a choice belongs to whoever reads: a message follows what the holder of its phone chose, whoever booked;
- a code and what cannot wait leave at any hour and to everybody (DOMAIN 7.4);
- every kind of personal data has one owner in the program, who says what is held, how it is shown to its
  person and what of it may be removed (`app.core.personal_data`).

- an e-mail address is used once its person has shown that they read what comes there, and a device's token
  is shown to nobody.

Start reading at `preferences.py`; `emails.py` and `devices.py` say where a person is reached beside the
phone.
"""
