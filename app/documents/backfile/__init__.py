"""The back-file (hồ sơ lưu): past results and papers, from a list and the files it names.

Always true:
- a file is judged as an upload is before anything of it is kept, and one that is refused leaves nothing;
- a content is kept once, and a dossier has one paper of a code: running again, also after a run was killed
  at any moment, adds only what is not there yet;
- a line that is refused is refused alone, with its column and a stable reason;
- whose a paper is stands as a keyed index; the personal number is not kept.

Start reading at `importing.import_folder`.
"""
