"""Who is on stage, and through which device each speaks."""

from dataclasses import dataclass, field
from datetime import datetime

import httpx

from app.core.clock import current_time
from app.demo.people import Caller, SmsInbox, own_phone
from app.demo.timeline import Timeline


@dataclass
class Cast:
    """Lan books, Bà Hoa stays at home, Minh sits at counter 1, Hà leads the shift; a kiosk stands in
    hall. Lan and Bà Hoa have phones of this run, so that a story can be played again on the same day.
    """

    inbox: SmsInbox
    postal: httpx.AsyncClient
    timeline: Timeline
    lan: Caller
    hoa: Caller
    minh: Caller
    lead: Caller
    kiosk: Caller
    lan_phone: str
    hoa_phone: str
    since: datetime
    shown: int = field(default=0)

    @classmethod
    def over(
        cls,
        api: httpx.AsyncClient,
        sms: httpx.AsyncClient,
        postal: httpx.AsyncClient,
        timeline: Timeline,
    ) -> "Cast":
        return cls(
            inbox=SmsInbox(sms),
            postal=postal,
            timeline=timeline,
            lan=Caller(api),
            hoa=Caller(api),
            minh=Caller(api),
            lead=Caller(api),
            kiosk=Caller(api),
            lan_phone=own_phone("912"),
            hoa_phone=own_phone("968"),
            since=current_time(),
        )

    async def show_messages(self) -> None:
        """Every SMS that arrived since the last look."""
        messages = await self.inbox.all()
        for message in messages[self.shown :]:
            self.timeline.message(message["to"], message["body"])
        self.shown = len(messages)
