"""Issue 2 §6, Welcome: within the life of the code, in a lane of its own, once."""

import threading
import time

import pytest

from bot import working
from handlers.event import ExternalContactChanged
from handlers.intake import to_row
from storage import inbox
from tests.story import KF, Story

SEND = "externalcontact/send_welcome_msg"


def heard(story: Story, who: str, userid: str = "xiaoli") -> list[str]:
    """What a customer has read in the private chat with a staff member."""
    chats = story.snapshot()["private_chats"]
    return [m["text"] for c in chats if (c["external_userid"], c["userid"]) == (who, userid) for m in c["messages"]]


def event_of(code: str, **fields: object) -> ExternalContactChanged:
    return ExternalContactChanged(
        change_type="add_external_contact", userid="xiaoli", external_userid="wm1", welcome_code=code, **fields
    )


def test_a_new_contact_hears_from_the_clerk_by_name_and_the_way_into_membership(story: Story) -> None:
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.settle()

    (text,) = heard(story, "wm1")
    assert "小李" in text
    assert "https://fuyu.example/member" in text
    assert story.why("fuyu.example/member")["rule"] == "state:fy-gz01-xiaoli"


def test_a_code_leaves_its_channel_and_no_other_channel(story: Story) -> None:
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.settle()

    tag = story.tags("wm1")["渠道:天河店小李"]
    assert tag.evidence["state"] == "fy-gz01-xiaoli"
    assert [name for name in story.tags("wm1") if name.startswith("渠道:")] == ["渠道:天河店小李"]
    assert story.tags("wm2") == {}


def test_a_welcome_said_again_and_again_by_wecom_is_sent_once(story: Story) -> None:
    story.act("callbacks", resend=4, shuffle_ms=30)
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.settle()

    assert len(story.calls(SEND)) == 1
    assert len(heard(story, "wm1")) == 1


def test_the_welcome_overtakes_a_backlog_of_a_thousand_messages(story: Story) -> None:
    story.act("callbacks", drop_next=999)
    write = [{"external_userid": f"wm{n % 50}", "open_kfid": KF, "text": f"几天能到{n}"} for n in range(1000)]
    story.act("customer/write_many", messages=write)
    story.arrive()
    while story.reader.run_once(story.now()):
        pass
    story.act("customer/scan", external_userid="wm55", config_id="cw1")
    story.arrive()

    story.worker.run_once(story.now())
    story.sender.run_once(story.now())

    assert len(heard(story, "wm55")) == 1
    with story.database.read() as db:
        assert inbox.depth(db)[0] > 900


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_welcome_comes_within_five_seconds_while_replies_hang(story: Story) -> None:
    story.fault("kf/send_msg", "latency", latency_s=1.5)
    story.act(
        "customer/write_many",
        messages=[{"external_userid": f"wm{n}", "open_kfid": KF, "text": "几天能到"} for n in range(40)],
    )
    stop = threading.Event()
    working_thread = threading.Thread(target=working.run, args=(story.engine, stop))
    working_thread.start()
    try:
        time.sleep(0.5)
        began = time.monotonic()
        story.act("customer/scan", external_userid="wm55", config_id="cw1")
        while not heard(story, "wm55") and time.monotonic() - began < 6:
            time.sleep(0.02)
        took_s = time.monotonic() - began
    finally:
        story.mend()
        stop.set()
        working_thread.join(12)

    assert took_s < 5


def test_an_expired_code_is_counted_and_never_sent(story: Story) -> None:
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.arrive()
    story.advance(seconds=25)
    story.settle()

    assert story.calls(SEND) == []
    assert story.dead() == [f"{SEND}: expired: too late to be of use"]


def test_a_code_that_another_app_used_first_is_not_tried_again(story: Story) -> None:
    story.fault(SEND, "errcode", errcode=41051)
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.settle()
    story.advance(seconds=10)
    story.settle()

    assert len(story.calls(SEND)) == 1
    assert [row.errcode for row in story.rows(SEND)] == [41051]


def test_a_welcome_whose_answer_was_lost_is_not_doubled_and_counts_as_sent(story: Story) -> None:
    story.fault(SEND, "lost_answer", times=1)
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.settle()
    story.advance(seconds=3)
    story.settle()

    assert len(heard(story, "wm1")) == 1
    assert [row.state for row in story.rows(SEND)] in (["sent"], ["unknown"])


def test_a_busy_api_is_asked_again_while_the_code_lives(story: Story) -> None:
    story.fault(SEND, "busy", times=2)
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.settle()
    for _ in range(4):
        story.advance(seconds=3)
        story.settle()

    assert len(heard(story, "wm1")) == 1


def test_a_half_added_contact_is_welcomed_and_the_full_one_not_again_without_a_code(story: Story) -> None:
    half = event_of("WEL-half").model_copy(update={"change_type": "add_half_external_contact"})
    full = event_of("")
    with story.database.write() as db:
        inbox.put(db, to_row(half, "half"), story.now())
        inbox.put(db, to_row(full, "full"), story.now())
    story.settle()

    assert len(story.rows(SEND)) == 1


def test_who_was_deleted_before_the_news_of_adding_came_is_no_contact(story: Story) -> None:
    at = int(story.now().timestamp())
    gone = event_of("", created_at=at).model_copy(update={"change_type": "del_external_contact"})
    with story.database.write() as db:
        inbox.put(db, to_row(gone, "gone"), story.now())
        inbox.put(db, to_row(event_of("", created_at=at - 5, state="fy-gz01-xiaoli"), "added"), story.now())
    story.settle()

    assert story.calls("externalcontact/mark_tag") == []


def test_opening_the_kf_account_is_welcomed_by_its_code(story: Story) -> None:
    story.act("customer/enter", external_userid="wm1", open_kfid=KF)
    story.settle()

    assert story.answers("wm1")[0] in story.says("welcome_kf")
    assert story.rows("kf/send_msg_on_event")[0].state == "sent"


def test_a_scene_tags_its_channel_and_chooses_its_welcome(story: Story) -> None:
    story.act("customer/enter", external_userid="wm1", open_kfid=KF, scene="fy-miniapp-order")
    story.settle()

    assert "订单页" in story.answers("wm1")[0]
    assert "渠道:小程序订单页" in story.tags("wm1")


def test_a_second_visit_within_two_days_is_silent(story: Story) -> None:
    story.act("customer/enter", external_userid="wm1", open_kfid=KF)
    story.settle()
    story.advance(hours=3)
    story.act("customer/enter", external_userid="wm1", open_kfid=KF)
    story.settle()

    assert len(story.answers("wm1")) == 1


def test_a_kf_welcome_too_late_is_counted_and_not_sent(story: Story) -> None:
    story.act("customer/enter", external_userid="wm1", open_kfid=KF)
    story.arrive()
    story.advance(seconds=21)
    story.settle()

    assert story.answers("wm1") == []
    assert len(story.dead()) == 1


def test_a_welcome_survives_a_restart_between_receiving_and_sending(story: Story) -> None:
    story.act("customer/scan", external_userid="wm1", config_id="cw1")
    story.arrive()
    story.worker.run_once(story.now())
    story.restart()
    story.settle()

    assert len(heard(story, "wm1")) == 1
