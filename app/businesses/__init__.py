"""Businesses (doanh nghiệp) and who acts for them (người đại diện, người được ủy quyền).

Always true:
- a centre saw the paper of whoever represents a business; a representative grants to others by phone;
- whoever acts for a business holds a delegation of that day that nobody revoked, share-locked while they
  act: after a revocation has committed nothing more is done by it;
- what a business has (appointments, dossiers) is seen by whoever acts for it at that moment, and by no
  one who did.

A person, and a household business whose tax code is its owner's personal number, act for themselves.
Start reading at `operations.grant`.
"""
