"""企业群发: nothing is sent before the staff member confirms; caps per receiver count then (92135).

Everything here runs under the world's lock.
"""

import calendar
from datetime import datetime

from bot.sandbox import snapshot
from bot.sandbox.clock import SHANGHAI
from bot.sandbox.model import MassShare, MassTarget, MassTask, Message
from bot.sandbox.state import World

UNSENT, SENT, NOT_FRIEND, HAD_ANOTHER = range(4)  # status of one receiver (93338)
WINDOW_STARTS = {"month": "%Y-%m", "week": "%G-%V", "day": "%Y-%m-%d"}


def confirm(world: World, userid: str, msgid: str) -> None:
    """The staff member presses send. Raises ValueError when there is nothing of his to send."""
    task, share = _share(world, userid, msgid)
    now = world.now()
    for target in share.targets:
        target.status = _status(world, task, share, target, now)
        if target.status == SENT:
            target.send_time = int(now)
            _show(world, task, userid, target.id, now)
    share.status, share.send_time = "sent", int(now)
    tell_page(world, task)


def ignore(world: World, userid: str, msgid: str) -> None:
    """The staff member waves it away; the API goes on showing it as unsent."""
    task, share = _share(world, userid, msgid)
    share.status = "ignored"
    tell_page(world, task)


def tell_page(world: World, task: MassTask) -> None:
    world.journal.note("mass_task", {"task": snapshot.task_view(task)})


def cap(world: World, now: float) -> int:
    """How many mass messages one receiver may get in the window: the days of the month unless the rule says less."""
    if world.rules.mass_cap:
        return world.rules.mass_cap
    today = datetime.fromtimestamp(now, SHANGHAI)
    return calendar.monthrange(today.year, today.month)[1]


def _share(world: World, userid: str, msgid: str) -> tuple[MassTask, MassShare]:
    task = world.mass_tasks.get(msgid)
    if task is None or userid not in task.shares:
        raise ValueError(f"msgid: no such task of {userid!r}")
    share = task.shares[userid]
    if task.cancelled or share.status == "sent":
        raise ValueError("msgid: already sent or cancelled")
    return task, share


def _status(world: World, task: MassTask, share: MassShare, target: MassTarget, now: float) -> int:
    if task.chat_type == "group":
        group = world.groups.get(target.id)
        if group is None or group.owner != share.userid:
            return NOT_FRIEND
    else:
        follow = world.follow(share.userid, target.id)
        if follow is None or follow.deleted_by_customer:
            return NOT_FRIEND
    return HAD_ANOTHER if _received(world, target.id, now) >= cap(world, now) else SENT


def _received(world: World, receiver: str, now: float) -> int:
    """Mass messages the receiver has had in the current window."""
    pattern = WINDOW_STARTS[world.rules.mass_cap_window]
    window = datetime.fromtimestamp(now, SHANGHAI).strftime(pattern)
    times = (
        target.send_time
        for task in world.mass_tasks.values()
        for share in task.shares.values()
        for target in share.targets
        if target.id == receiver and target.status == SENT
    )
    return sum(datetime.fromtimestamp(at, SHANGHAI).strftime(pattern) == window for at in times)


def _show(world: World, task: MassTask, userid: str, receiver: str, now: float) -> None:
    extra = {"attachments": task.attachments} if task.attachments else None
    bubble = Message("staff", task.text, now, msgid=task.msgid, sender=userid, via="mass", content=extra)
    if task.chat_type == "group":
        world.say_group(world.groups[receiver], bubble)
    else:
        world.say_private(userid, receiver, bubble)
