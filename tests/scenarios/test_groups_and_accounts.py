"""Groups and kf accounts: what WeCom tells of them is kept, in whatever order it comes."""

from sqlalchemy import select

from handlers.event import KfAccountAuthChanged
from handlers.intake import to_row
from storage import accounts, inbox
from storage.groups import Group
from tests.story import KF, Story

TIANHE = "wrFuyuTianhe0001"


def group(story: Story, chat_id: str) -> Group:
    with story.database.read() as db:
        found = db.scalars(select(Group).where(Group.address == chat_id)).one()
        db.expunge_all()
        return found


def test_a_new_group_is_looked_up_after_wecoms_lag_and_kept(story: Story) -> None:
    chat_id = story.act("group/create", owner="linjie", name="新店福利群")["chat_id"]
    story.settle()
    story.advance(seconds=4)
    story.settle()

    known = group(story, chat_id)
    assert (known.name, known.owner, known.kind, known.planned) == ("新店福利群", "linjie", "customer", False)


def test_members_who_come_and_go_are_counted(story: Story) -> None:
    for number in range(10, 14):
        story.act("group/join", chat_id=TIANHE, external_userid=f"wm{number}")
    story.settle()
    story.act("group/leave", chat_id=TIANHE, external_userid="wm10")
    story.settle()
    story.advance(seconds=5)
    story.settle()

    members = len(story.world.groups[TIANHE].members)
    assert group(story, TIANHE).member_count == members
    assert group(story, TIANHE).planned


def test_a_flood_of_changes_is_looked_up_once_at_the_end(story: Story) -> None:
    for number in range(10, 18):
        story.act("group/join", chat_id=TIANHE, external_userid=f"wm{number}")
    story.settle()
    story.advance(seconds=5)
    story.settle()

    assert len(story.calls("externalcontact/groupchat/get")) < 8
    assert group(story, TIANHE).member_count == len(story.world.groups[TIANHE].members)


def test_a_dismissed_group_is_marked(story: Story) -> None:
    story.act("group/dismiss", chat_id=TIANHE)
    story.settle()

    assert group(story, TIANHE).dismissed_at is not None


def test_an_account_taken_away_is_not_read_any_more_and_read_on_when_it_is_given_back(story: Story) -> None:
    story.customer_says("wm1", "包邮吗")
    with story.database.write() as db:
        inbox.put(db, to_row(KfAccountAuthChanged(removed=[KF]), "taken"), story.now())
    story.settle()
    before = len(story.calls("kf/sync_msg"))
    story.advance(minutes=5)
    story.tick()
    with story.database.read() as db:
        assert KF not in [account.open_kfid for account in accounts.all_accounts(db)]
    assert not any(c["body"]["open_kfid"] == KF for c in story.calls("kf/sync_msg")[before:])

    with story.database.write() as db:
        inbox.put(db, to_row(KfAccountAuthChanged(added=[KF]), "given"), story.now())
    story.settle()
    story.customer_says("wm1", "几天能到")

    assert len(story.answers("wm1")) == 2


def test_a_servicer_who_pauses_is_known_by_the_event_and_by_the_list(story: Story) -> None:
    story.act("staff/servicer", userid="aqiang", open_kfid=KF, status=1)
    story.settle()
    with story.database.read() as db:
        assert accounts.accepting(db, KF) == []

    story.act("callbacks", drop_next=1)
    story.act("staff/servicer", userid="aqiang", open_kfid=KF, status=0)
    story.settle()
    story.advance(minutes=11)
    story.tick()

    with story.database.read() as db:
        assert accounts.accepting(db, KF) == ["aqiang"]


def test_an_account_that_wecom_does_not_give_us_leaves_no_dead_rows_behind(story: Story) -> None:
    """The brand names one account more than the app may read; the poll asks for it every minute."""
    for _ in range(10):
        story.advance(seconds=61)
        story.tick()

    with story.database.read() as db:
        assert inbox.dead(db) == []
        assert inbox.depth(db)[0] == 0
