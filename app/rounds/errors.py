"""Why something about couriers is refused."""

from app.core.errors import Conflict, Invalid, NotFound, Words


class CourierNotFound(NotFound):
    code = "courier_not_found"
    detail = Words("Không có bưu tá này.", "There is no such courier.")


class ShiftNotValid(Invalid):
    code = "shift_not_valid"
    detail = Words(
        "Ca trực phải kết thúc sau khi bắt đầu và nằm trong ngày đó.",
        "A shift ends after it starts and lies on its day.",
    )


class SkillOutsideContract(Invalid):
    code = "skill_outside_contract"
    detail = Words("Một kỹ năng không thuộc phạm vi hợp đồng nào.", "A skill is covered by no contract.")


class ContractOverlap(Conflict):
    code = "contract_overlap"
    detail = Words(
        "Đối tác đã có hợp đồng khác trong thời gian này.",
        "The partner has another contract in this time.",
    )


class ContractDaysNotValid(Invalid):
    code = "contract_days_not_valid"
    detail = Words("Hợp đồng phải kết thúc sau khi bắt đầu.", "A contract ends after it begins.")


class AreaNotValid(Invalid):
    code = "area_not_valid"
    detail = Words(
        "Khu vực là các xã có mã đúng hoặc một vòng tròn, từ một thời điểm đến một thời điểm sau đó"
        " chưa qua, không quá 92 ngày.",
        "An area is communes by codes that are in force, or a circle, from a time to a later one that is"
        " not over, for 92 days at most.",
    )


class PlanningRulesNotValid(Invalid):
    code = "planning_rules_not_valid"
    detail = Words(
        "Có số liệu ngoài giới hạn, thủ tục không có, hoặc một thời gian được nêu hai lần.",
        "A figure is out of bounds, a procedure unknown, or a time said twice.",
    )


class ClosureNotFound(NotFound):
    code = "area_closure_not_found"
    detail = Words("Không có khu vực tạm ngừng này.", "There is no such area closure.")


class RunNotFound(NotFound):
    code = "run_not_found"
    detail = Words("Bưu tá không có ca vào lúc đó.", "The courier has no block then.")


class TroubleNotValid(Invalid):
    code = "trouble_not_valid"
    detail = Words(
        "Trễ thì cần số phút từ 1 đến 480; không đến hoặc hỏng xe thì không.",
        "Lateness needs its minutes, 1 to 480; absence and a failed vehicle have none.",
    )
