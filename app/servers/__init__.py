"""Real PostgreSQL and Redis-compatible servers that come as wheels, for when no URL names others.

Always true:
- whatever way this process ends, its servers end too, and end cleanly;
- no user is created, no permission changed, nothing outside the data folder touched;
- a data folder belongs to one process at a time, and two folders never meet;
- the same servers, the same code: nothing is emulated.

Start reading at `embedded.running_servers`.
"""

from app.servers.embedded import Servers, running_servers
from app.servers.errors import ServersError

__all__ = ["Servers", "ServersError", "running_servers"]
