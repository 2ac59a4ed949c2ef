"""What a handler is given is made in turn.

For values that do not need each other the framework starts a group of tasks, one each, in every request.
Ours are made of what the request already holds: a task costs ten times what it does.
"""

from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute


class InTurn(ReceiveRoutePlugin):
    """Gives each value a batch of its own; values that need others still come after them."""

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            return
        for _, model in route.route_handler_map.values():
            model.dependency_batches = [
                {each}
                for batch in model.dependency_batches
                for each in sorted(batch, key=lambda one: one.key)
            ]
