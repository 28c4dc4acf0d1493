"""Where events stand in line: what must keep its order shares a lane, what must not wait does not."""

from handlers.event import (
    AibotMessage,
    AppMessage,
    ExternalContactChanged,
    Fetch,
    Fetched,
    HandoffDue,
    KfDoorbell,
    KfEvent,
    KfMessage,
    Settled,
    Turn,
    UnknownEvent,
)
from handlers.intake import is_urgent, lane_of, to_row
from storage.inbox import NORMAL, URGENT


def message(who: str = "wm1", msgid: str = "1") -> KfMessage:
    return KfMessage(msgid=msgid, open_kfid="wk", external_userid=who, send_time=1, origin=3, msgtype="text", text="好")


def event(**fields: object) -> KfEvent:
    return KfEvent(msgid="2", open_kfid="wk", event_type="session_status_change", send_time=1, **fields)


def test_messages_and_events_of_one_conversation_share_a_lane_and_others_do_not() -> None:
    assert lane_of(message()) == lane_of(event(external_userid="wm1"))
    assert lane_of(message()) != lane_of(message("wm2"))
    assert lane_of(event(servicer_userid="aqiang")) == "kf:wk:-"


def test_doorbells_of_one_account_share_a_lane_of_their_own() -> None:
    assert lane_of(KfDoorbell(open_kfid="wk", token="a")) == lane_of(KfDoorbell(open_kfid="wk", token="b"))
    assert lane_of(KfDoorbell(open_kfid="wk")) != lane_of(message())


def test_contacts_wait_for_their_own_pair_only() -> None:
    one = ExternalContactChanged(change_type="add_external_contact", userid="a", external_userid="x")
    two = one.model_copy(update={"userid": "b"})

    assert lane_of(one) != lane_of(two)


def test_staff_wait_for_themselves_and_in_a_group_for_the_group() -> None:
    app = AppMessage(userid="a", agentid="7", msgid="1", msgtype="text")
    bot = AibotMessage(msgid="1", aibotid="b", chattype="group", chatid="c", userid="a", msgtype="text")

    assert lane_of(app) == "app:7:a"
    assert lane_of(bot) == "aibot:b:c"
    assert lane_of(bot.model_copy(update={"chatid": ""})) == "aibot:b:a"


def test_equal_questions_share_a_lane_whatever_the_order_of_their_arguments() -> None:
    one = Fetch(what="mass_result", arguments={"msgid": "m", "userid": "u"})
    two = Fetch(what="mass_result", arguments={"userid": "u", "msgid": "m"})

    assert lane_of(one) == lane_of(two)
    assert lane_of(one) != lane_of(Fetched(what="mass_result", arguments=one.arguments))


def test_lanes_fit_the_column() -> None:
    longest = "w" * 64
    events = [
        message(longest),
        Turn(conversation_id=10**18),
        HandoffDue(conversation_id=1),
        KfDoorbell(open_kfid=longest),
    ]

    assert all(len(lane_of(each)) <= 200 for each in events)


def test_welcome_codes_outcomes_and_doorbells_go_first() -> None:
    added = ExternalContactChanged(change_type="add_external_contact", userid="a", external_userid="x")

    assert is_urgent(added.model_copy(update={"welcome_code": "c"}))
    assert is_urgent(event(external_userid="wm1").model_copy(update={"welcome_code": "c"}))
    assert is_urgent(Settled(outbox_id=1, api="x", ok=True))
    assert is_urgent(KfDoorbell(open_kfid="wk"))
    assert not is_urgent(added)
    assert not is_urgent(message())


def test_a_row_carries_what_the_worker_needs() -> None:
    row = to_row(KfDoorbell(open_kfid="wk"), "k")
    plain = to_row(UnknownEvent(source="app", name="x"), "k2")

    assert (row.is_read, row.priority, row.kind) == (True, URGENT, "kf.doorbell")
    assert (plain.is_read, plain.priority, plain.lane) == (False, NORMAL, "unknown")
