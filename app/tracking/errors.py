"""Why a link leads nowhere."""

from app.core.errors import NotFound, Words


class LinkNotFound(NotFound):
    code = "link_not_found"
    detail = Words("Đường dẫn không đúng.", "The link is not right.")
