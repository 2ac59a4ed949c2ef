"""Deployments: an old worker beside a new one."""

from typing import Final

from app.faults.matrix import Cell, Scene

# A worker fans out a fact it knows at once: who is still there after two seconds was left.
LEFT_READY: Final = """
SELECT count(*) FROM outbox WHERE state = 'ready' AND occurred_at < clock_timestamp() - interval '2 seconds'
"""


async def old_beside_new(scene: Scene) -> None:
    """One worker knows nothing of confirmations; what it does not know stays for the other."""
    house = scene.house
    await house.renew("worker-1", ["-m", "app.faults.older"])
    await house.stop("worker-2")
    before = len(scene.load.confirmed)
    await scene.load.enough(5)

    async def left() -> bool:
        return int(await house.sql(LEFT_READY)) > 0

    try:
        await house.until("the old worker to leave what it does not know", left, within_s=20)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))
    waiting = await house.sql("SELECT count(*) FROM outbox WHERE state = 'ready'")
    scene.notes.append(f"{waiting} facts waited for the new worker")
    house.members["worker-2"].wanted.set()
    await house.until_all_run()
    await scene.load.enough(5)
    scene.expect(len(scene.load.confirmed) >= before + 10, "booking did not go on")
    await house.renew("worker-1")


CELLS: Final = (
    Cell(
        "old-worker-beside-new", "Deploy", "rolling", "a worker that does not know a kind of work",
        "it stays for the one that does", old_beside_new,
    ),
)  # fmt: skip
