"""Looking into a content before anybody may use it.

`process.look_into` starts one process per content, which has no secrets, little memory and little time; in
it `content.judge` reads the file with the libraries hostile files are made for. What comes out is a
`Verdict`: a reason to refuse it, or the bytes that are served instead of those that came.

Always true:
- the type is told by the bytes, never by the sender;
- an image is decoded only after its measures were read, and is served as we wrote it: nothing of the file
  that came, no place and no telephone, is in it;
- a PDF that carries a signature is kept to the byte, for the signature covers it; others are written anew.

Start reading at `content.judge`.
"""
