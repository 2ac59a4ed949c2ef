"""PostgreSQL and Redis: killed, restarted, emptied."""

from typing import Final

from app.faults.matrix import Cell, Scene

POSTGRES: Final = "PostgreSQL"
REDIS: Final = "Redis"


async def restart_postgres(scene: Scene) -> None:
    pids = {name: member.pid for name, member in scene.house.members.items()}
    await scene.house.restart_postgres()
    await scene.load.enough(5)
    now = {name: member.pid for name, member in scene.house.members.items()}
    scene.expect(pids == now, "a process of ours ended with PostgreSQL")


async def empty_redis(scene: Scene) -> None:
    redis = scene.house.servers.redis
    assert redis is not None
    await redis.kill(emptied=True)
    await scene.load.enough(10)
    await redis.start()


CELLS: Final = (
    Cell(
        "postgres-immediate-restart",
        POSTGRES,
        "under load",
        "immediate restart (no checkpoint)",
        "503, never 500; the same processes go on",
        restart_postgres,
        smoke=True,
    ),
    Cell(
        "redis-killed-empty",
        REDIS,
        "under load",
        "`kill -9`, restart empty",
        "booking goes on without it",
        empty_redis,
        smoke=True,
    ),
)
