"""What is in a package: papers, counted (pure)."""

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One paper of the published list, counted in front of the citizen."""

    component: Annotated[int, msgspec.Meta(ge=1, le=50)]
    originals: Count = 0
    certified_copies: Count = 0
    copies: Count = 0
