"""Why something about places and days is refused."""

from app.core.errors import Conflict, Invalid, NotFound, Words


class CentreNotFound(NotFound):
    code = "centre_not_found"
    detail = Words(
        "Không có bộ phận một cửa này vào ngày đã chọn.",
        "No such centre exists on the chosen date.",
    )


class CounterNotFound(NotFound):
    code = "counter_not_found"
    detail = Words("Không có quầy này.", "There is no such counter.")


class PointNotValid(Invalid):
    code = "point_not_valid"
    detail = Words(
        "Vị trí phải có dạng vĩ độ,kinh độ, ví dụ 20.26,105.97.",
        "A position is latitude,longitude, for example 20.26,105.97.",
    )


class UnitsFileNotValid(Invalid):
    """The file of units cannot be read; `reason` says where."""

    code = "units_file_not_valid"
    detail = Words(
        "Tệp đơn vị hành chính không hợp lệ: {reason}",
        "The file of administrative units is not valid: {reason}",
    )
    told = ("reason",)


class UnitsChangedMeanwhile(Conflict):
    """The units are no longer those the difference was planned against."""

    code = "units_changed_meanwhile"
    detail = Words(
        "Đơn vị hành chính đã thay đổi sau khi lập kế hoạch; hãy lập lại.",
        "The units have changed since this was planned; plan it again.",
    )


class CommuneUnknown(Invalid):
    code = "commune_unknown"
    detail = Words("Không có xã, phường mang mã này vào ngày đó.", "No commune has this code on that day.")
