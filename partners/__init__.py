"""The edge to other organisations: their words on one side, ours on the other."""
