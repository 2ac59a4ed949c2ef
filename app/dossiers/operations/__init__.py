"""What can be done with dossiers, a file per verb."""

from app.dossiers.operations.accept import accept
from app.dossiers.operations.apology import sign_apology, word_apology
from app.dossiers.operations.complete import complete
from app.dossiers.operations.correct import correct
from app.dossiers.operations.decide import decide, receive
from app.dossiers.operations.extend import extend
from app.dossiers.operations.look import look_for_papers
from app.dossiers.operations.payment import demand_payment, note_payment
from app.dossiers.operations.read import read_document
from app.dossiers.operations.remove_papers import remove_expired_papers
from app.dossiers.operations.return_result import return_at_counter
from app.dossiers.operations.settle import settle_residence
from app.dossiers.operations.supplement import receive_supplement, request_supplement
from app.dossiers.operations.warn import warn_of_due

__all__ = [
    "accept",
    "complete",
    "correct",
    "decide",
    "demand_payment",
    "extend",
    "look_for_papers",
    "note_payment",
    "read_document",
    "receive",
    "receive_supplement",
    "remove_expired_papers",
    "request_supplement",
    "return_at_counter",
    "settle_residence",
    "sign_apology",
    "warn_of_due",
    "word_apology",
]
