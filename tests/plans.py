"""What a statement reads, as PostgreSQL explains it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def looked_up(
    url: str, statement: str, arguments: str, *, tables: Sequence[str], for_any: bool = True
) -> tuple[int, list[str]]:
    """Pages a statement touches, and the tables it reads whole.

    Under a plan for any arguments, or for these where a report is asked seldom.
    """
    connection = await asyncpg.connect(url)
    try:
        for table in tables:
            await connection.execute(f"VACUUM ANALYZE {table}")
        mode = "force_generic_plan" if for_any else "force_custom_plan"
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE asked AS {statement}")
        changing = connection.transaction()
        await changing.start()
        told = await connection.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked {arguments}"
        )
        await changing.rollback()
    finally:
        await connection.close()
    [found] = json.loads(told)
    plan = found["Plan"]
    whole = [node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]), whole
