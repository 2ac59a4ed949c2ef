"""No request starts a task for each thing its handler is given."""

from litestar import Litestar
from litestar.routes import HTTPRoute


def test_every_handler_is_given_its_values_in_turn(app: Litestar) -> None:
    models = [
        model
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for _, model in route.route_handler_map.values()
    ]
    batches = [batch for model in models for batch in model.dependency_batches]

    assert len(batches) > 100
    assert [batch for batch in batches if len(batch) > 1] == []
