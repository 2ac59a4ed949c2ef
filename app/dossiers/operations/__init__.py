"""What can be done with dossiers, a file per verb."""

from app.dossiers.operations.accept import accept
from app.dossiers.operations.complete import complete
from app.dossiers.operations.return_result import return_at_counter

__all__ = ["accept", "complete", "return_at_counter"]
