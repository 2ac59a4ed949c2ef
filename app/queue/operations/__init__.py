"""What can be done in the queue, a file per thing an officer, a kiosk or a citizen does."""

from app.queue.operations.blocks import give_block, issue_printed
from app.queue.operations.call import call_chosen, call_next
from app.queue.operations.counters import (
    activate_standby,
    close_counter,
    open_counter,
    pause_counter,
)
from app.queue.operations.day import close_day
from app.queue.operations.devices import note_heartbeat
from app.queue.operations.join import check_in, issue_walk_in
from app.queue.operations.learn import days_to_learn, learn_day
from app.queue.operations.periods import add_procedure, mark_inaccurate
from app.queue.operations.returns import answer_return, come_back, give_up_late_returns
from app.queue.operations.serve import move, transfer

__all__ = [
    "activate_standby",
    "add_procedure",
    "answer_return",
    "call_chosen",
    "call_next",
    "check_in",
    "close_counter",
    "close_day",
    "come_back",
    "days_to_learn",
    "give_block",
    "give_up_late_returns",
    "issue_printed",
    "issue_walk_in",
    "learn_day",
    "mark_inaccurate",
    "move",
    "note_heartbeat",
    "open_counter",
    "pause_counter",
    "transfer",
]
