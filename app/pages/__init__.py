"""The faces (giao diện): citizen, console and board, rendered on the server in Vietnamese and English.

Always true:
- every form works as a plain POST; scripts only make it quicker;
- no template, style or script of ours loads anything from another host, and none is inline;
- a template reads what its first comment lists, and an unlisted name is an error.

Start reading at `templates.render`.
"""
