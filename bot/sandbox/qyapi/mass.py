"""企业群发 API: create, look up, remind, cancel; sending is the staff member's (92135, 93338, 97610, 97611)."""

from typing import Any

from bot.sandbox import mass
from bot.sandbox.call import BAD, MISSING, Answer, Call, Route, maybe_int, maybe_text, page, part, parts, strings, text
from bot.sandbox.model import Follow, MassShare, MassTarget, MassTask
from bot.sandbox.qyapi.attachments import check_text_and_attachments
from bot.sandbox.refusal import Refusal

MAX_CUSTOMERS, MAX_GROUPS = 10_000, 2000
LIST_SPAN_S = 31 * 24 * 3600  # at most a month
REMINDERS, REMIND_WINDOW_S = 3, 24 * 3600  # 97610
TASKS_KEPT = 20_000

Shares = dict[str, list[str]]


def add_msg_template(call: Call) -> Answer:
    """92135. Sends nothing. fail_list: receivers nobody can reach; all of them: 41048."""
    chat_type = call.body.get("chat_type", "single")
    if chat_type not in ("single", "group"):
        raise Refusal(86214, "invalid chat_type")
    content, attachments = check_text_and_attachments(call)
    shares, failed = _groups(call) if chat_type == "group" else _customers(call)
    if not shares:
        raise Refusal(41048, "no customer to send")
    made = {u: MassShare(u, [MassTarget(i) for i in targets]) for u, targets in shares.items()}
    msgid = call.world.new_id("msg", 14)
    task = MassTask(msgid, call.app.agentid, chat_type, content, attachments, call.now, made)
    tasks = call.world.mass_tasks
    tasks[msgid] = task
    while len(tasks) > TASKS_KEPT:
        del tasks[next(iter(tasks))]
    mass.tell_page(call.world, task)
    return {"msgid": msgid, "fail_list": failed}


def _sender(call: Call) -> str:
    sender = maybe_text(call.body, "sender")
    if sender and sender not in call.world.staff:
        raise Refusal(40003, "invalid sender")
    return sender


def _groups(call: Call) -> tuple[Shares, list[str]]:
    """The sender's own groups among chat_id_list, or all of them."""
    sender = _sender(call)
    if not sender:
        raise Refusal(MISSING, "sender required for chat_type group")
    own = [group.chat_id for group in call.world.groups.values() if group.owner == sender]
    wanted = strings(call.body, "chat_id_list", MAX_GROUPS)
    if not wanted:
        return ({sender: own} if own else {}), []
    targets = [chat_id for chat_id in dict.fromkeys(wanted) if chat_id in own]
    return ({sender: targets} if targets else {}), [chat_id for chat_id in wanted if chat_id not in own]


def _customers(call: Call) -> tuple[Shares, list[str]]:
    """Per sender; without one, each customer goes to the member who last chatted with him."""
    sender = _sender(call)
    wanted = strings(call.body, "external_userid", MAX_CUSTOMERS)
    if not wanted and not sender:
        raise Refusal(MISSING, "external_userid and sender both empty")
    candidates = wanted or [who for who, follows in call.world.follows.items() if sender in follows]
    tag_filter = _tag_filter(call)
    shares: Shares = {}
    failed = []
    for who in dict.fromkeys(candidates):
        follow = _best(call, who, sender)
        if follow is None:
            failed.append(who)
        elif all(follow.tag_ids & any_of for any_of in tag_filter):
            shares.setdefault(follow.userid, []).append(who)
    return shares, failed


def _best(call: Call, external_userid: str, sender: str) -> Follow | None:
    follows = call.world.follows.get(external_userid, {})
    if sender:
        return follows.get(sender)
    return max(follows.values(), key=lambda follow: follow.last_chat_at, default=None)


def _tag_filter(call: Call) -> list[set[str]]:
    """AND across groups, OR inside one."""
    if call.body.get("tag_filter") is None:
        return []
    groups = parts(part(call.body, "tag_filter"), "group_list")
    return [set(strings(group, "tag_list", 100)) for group in groups]


def _task(call: Call) -> MassTask:
    task = call.world.mass_tasks.get(text(call.body, "msgid", 41046))
    if task is None or task.agentid != call.app.agentid:
        raise Refusal(41047, "invalid msgid")
    return task


def _dispatched(call: Call) -> MassTask:
    task = _task(call)
    if call.now - task.create_time < call.world.rules.mass_dispatch_s:
        raise Refusal(41063, "task is being dispatched")
    return task


def get_groupmsg_list_v2(call: Call) -> Answer:
    """93338."""
    chat_type = text(call.body, "chat_type")
    start = maybe_int(call.body, "start_time", -1, 0, 2**40)
    end = maybe_int(call.body, "end_time", -1, 0, 2**40)
    if end < start or end - start > LIST_SPAN_S:
        raise Refusal(BAD, "time span over a month")
    maybe_int(call.body, "filter_type", 2, 0, 2)
    creator = maybe_text(call.body, "creator")
    tasks = [
        task
        for task in call.world.mass_tasks.values()
        if task.chat_type == chat_type and start <= task.create_time <= end and (not creator or creator in task.shares)
    ]
    shown, next_cursor = page(tasks, call.body, 50, 100)
    return {"group_msg_list": [_list_view(task) for task in shown], "next_cursor": next_cursor}


def _list_view(task: MassTask) -> dict[str, Any]:
    view: dict[str, Any] = {"msgid": task.msgid, "create_time": int(task.create_time), "create_type": 0}
    view |= {"text": {"content": task.text}} if task.text else {}
    return view | ({"attachments": task.attachments} if task.attachments else {})


def get_groupmsg_task(call: Call) -> Answer:
    """93338: who was asked and whether he sent (0 or 2)."""
    shares = list(_dispatched(call).shares.values())
    shown, next_cursor = page(shares, call.body, 500, 1000)
    tasks = []
    for share in shown:
        sent = {"status": 2, "send_time": share.send_time} if share.status == "sent" else {"status": 0}
        tasks.append({"userid": share.userid} | sent)
    return {"task_list": tasks, "next_cursor": next_cursor}


def get_groupmsg_send_result(call: Call) -> Answer:
    """93338: receiver by receiver; of groups only those sent."""
    task = _dispatched(call)
    userid = text(call.body, "userid", 41009)
    if userid not in task.shares:
        raise Refusal(40003, "invalid userid")
    name = "chat_id" if task.chat_type == "group" else "external_userid"
    rows = []
    for target in task.shares[userid].targets:
        if name == "chat_id" and target.status != mass.SENT:
            continue
        row: dict[str, Any] = {name: target.id, "userid": userid, "status": target.status}
        rows.append(row | ({"send_time": target.send_time} if target.send_time else {}))
    shown, next_cursor = page(rows, call.body, 500, 1000)
    return {"send_list": shown, "next_cursor": next_cursor}


def remind_groupmsg_send(call: Call) -> Answer:
    """97610: at most three times in 24 hours."""
    task = _task(call)
    if task.cancelled:
        raise Refusal(41093, "task cancelled")
    task.reminders = [at for at in task.reminders if call.now - at < REMIND_WINDOW_S]
    if len(task.reminders) >= REMINDERS:
        raise Refusal(41094, "remind too often")
    task.reminders.append(call.now)
    return {}


def cancel_groupmsg_send(call: Call) -> Answer:
    """97611: whoever has not sent yet no longer can."""
    task = _task(call)
    if task.cancelled:
        raise Refusal(41093, "task cancelled")
    task.cancelled = True
    for share in task.shares.values():
        if share.status != "sent":
            share.status = "cancelled"
    mass.tell_page(call.world, task)
    return {}


_RIGHT = "externalcontact"
ROUTES = {
    "externalcontact/add_msg_template": Route("POST", add_msg_template, changes=True, right=_RIGHT),
    "externalcontact/get_groupmsg_list_v2": Route("POST", get_groupmsg_list_v2, right=_RIGHT),
    "externalcontact/get_groupmsg_task": Route("POST", get_groupmsg_task, right=_RIGHT),
    "externalcontact/get_groupmsg_send_result": Route("POST", get_groupmsg_send_result, right=_RIGHT),
    "externalcontact/remind_groupmsg_send": Route("POST", remind_groupmsg_send, changes=True, right=_RIGHT),
    "externalcontact/cancel_groupmsg_send": Route("POST", cancel_groupmsg_send, changes=True, right=_RIGHT),
}
