"""Why a change of hands is refused."""

from app.core.errors import Conflict, Invalid, NotFound, Words


class PackageNotFound(NotFound):
    code = "package_not_found"
    detail = Words("Không có túi hồ sơ này.", "There is no such package.")


class SealUsed(Conflict):
    code = "seal_used"
    detail = Words("Số niêm phong này đã dùng.", "This seal number was used before.")


class ItemNumberBound(Conflict):
    code = "item_number_bound"
    detail = Words(
        "Số hiệu bưu gửi này đã gắn với một túi hồ sơ khác.",
        "This item number is bound to another package.",
    )


class PackageClosed(Conflict):
    code = "package_closed"
    detail = Words(
        "Túi hồ sơ đã đến nơi (“{state}”), không bàn giao tiếp được.",
        "The package has arrived (“{state}”) and is not handed on any more.",
    )
    told = ("state",)


class NotTheCustodian(Conflict):
    code = "not_the_custodian"
    detail = Words("Người bàn giao không đang giữ túi hồ sơ.", "The giver does not hold the package.")


class SameParty(Invalid):
    code = "same_party"
    detail = Words("Bên giao và bên nhận phải khác nhau.", "Giver and receiver must differ.")


class PackageQuarantined(Conflict):
    code = "package_quarantined"
    detail = Words(
        "Túi hồ sơ đang bị tạm giữ để kiểm kê.", "The package is quarantined until both parties count."
    )


class PackageNotReceived(Conflict):
    code = "package_not_received"
    detail = Words(
        "Trung tâm chưa xác nhận nhận túi hồ sơ này.",
        "The centre has not confirmed receiving this package.",
    )


class NothingToCount(Conflict):
    code = "nothing_to_count"
    detail = Words("Túi hồ sơ này không bị tạm giữ.", "This package is not quarantined.")


class CountsDiffer(Conflict):
    code = "counts_differ"
    detail = Words(
        "Kết quả kiểm kê của hai người không khớp. Hãy cùng kiểm lại.",
        "The two counts do not agree. Count again together.",
    )
