"""Why acting for a business is refused. What was typed is never told back."""

from app.core.errors import Conflict, Invalid, NotFound, Words


class TaxCodeNotAccepted(Invalid):
    code = "invalid_tax_code"
    detail = Words(
        "Mã số thuế doanh nghiệp gồm 10 chữ số; của chi nhánh thêm gạch ngang và 3 chữ số,"
        " ví dụ 0100109106-001.",
        "The tax code of an enterprise has 10 digits; that of a branch adds a dash and 3 digits,"
        " for example 0100109106-001.",
    )


class TaxCodeCheckDigit(Invalid):
    """The shape is right and a digit is mistyped (DOMAIN 2.6)."""

    code = "tax_code_check_digit"
    detail = Words(
        "Mã số thuế không đúng: chữ số kiểm tra (chữ số thứ mười) không khớp với chín chữ số đầu."
        " Hãy xem lại mã số trên giấy chứng nhận đăng ký doanh nghiệp.",
        "The tax code is wrong: its check digit, the tenth, does not match the first nine."
        " Look at the code on the business registration certificate again.",
    )


class TaxCodeOfPerson(Invalid):
    """A person's number is theirs and is kept nowhere else."""

    code = "tax_code_of_person"
    detail = Words(
        "Mã số thuế này là số định danh cá nhân; cá nhân và hộ kinh doanh tự đặt lịch, không cần ủy quyền.",
        "This tax code is a personal identification number; a person or a household business acts for"
        " itself, without a delegation.",
    )


class BusinessNotFound(NotFound):
    """Unknown, or nobody the caller acts for: the two look the same."""

    code = "business_not_found"
    detail = Words(
        "Không có doanh nghiệp này trong số doanh nghiệp mà Ông/Bà đại diện hoặc được ủy quyền.",
        "This is none of the businesses you represent or are delegated by.",
    )


class DelegationNotFound(NotFound):
    code = "delegation_not_found"
    detail = Words("Không có ủy quyền này.", "There is no such delegation.")


class DelegationNotValid(Invalid):
    code = "delegation_not_valid"
    detail = Words("Nội dung ủy quyền không hợp lệ.", "The delegation is not valid.")


class DelegationOverlap(Conflict):
    code = "delegation_overlap"
    detail = Words(
        "Người này đã có ủy quyền của doanh nghiệp trong thời gian đó.",
        "This person already has a delegation of the business for that time.",
    )


class RepresentativeNotToBeRevoked(Conflict):
    """Who represents a business is told by its registration, and a centre sees that."""

    code = "representative_not_to_be_revoked"
    detail = Words(
        "Người đại diện theo pháp luật chỉ được thay đổi tại quầy theo giấy tờ của doanh nghiệp.",
        "A legal representative is changed at a counter only, by the papers of the business.",
    )
