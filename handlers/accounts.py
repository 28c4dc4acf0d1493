"""微信客服 accounts: which there are, who serves them, and that none is left unread."""

from datetime import timedelta

from handlers.context import Context
from handlers.event import Event, Fetch, Fetched, KfAccountAuthChanged, KfDoorbell
from storage import accounts as memory

#: A doorbell may be lost: every account is read at least this often.
POLL_EVERY = timedelta(seconds=60)
#: What the servicers do is told by events; the list is read again this often, should one have been missed.
SERVICERS_EVERY = timedelta(minutes=10)


def start(ctx: Context) -> None:
    """At the start: which accounts, which corp tags; and whatever was missed while we were away."""
    mark = int(ctx.now.timestamp())
    for open_kfid, name in ctx.brand.kf_accounts.items():
        memory.open_(ctx.db, open_kfid, name)
    ctx.tell(Fetch(what="kf_accounts"), f"kf_accounts:{mark}")
    ctx.tell(Fetch(what="corp_tags"), f"corp_tags:{mark}")
    for account in memory.all_accounts(ctx.db):
        _ring(ctx, account.open_kfid, f"start:{mark}")
        _ask_servicers(ctx, account.open_kfid, f"start:{mark}")


def tick(ctx: Context) -> None:
    """The slow poll, one row per account and period."""
    period = int(ctx.now.timestamp() // POLL_EVERY.total_seconds())
    slow = int(ctx.now.timestamp() // SERVICERS_EVERY.total_seconds())
    for account in memory.all_accounts(ctx.db):
        if account.pulled_at is None or ctx.now - account.pulled_at >= POLL_EVERY:
            _ring(ctx, account.open_kfid, f"poll:{period}")
        _ask_servicers(ctx, account.open_kfid, str(slow))


def _ring(ctx: Context, open_kfid: str, mark: str) -> None:
    ctx.tell(KfDoorbell(open_kfid=open_kfid), f"pull:{open_kfid}:{mark}")


def _ask_servicers(ctx: Context, open_kfid: str, mark: str) -> None:
    ctx.tell(Fetch(what="servicers", arguments={"open_kfid": open_kfid}), f"servicers:{open_kfid}:{mark}")


def on_auth_changed(event: Event, ctx: Context) -> bool:
    """Accounts were given to the app, or taken away."""
    if not isinstance(event, KfAccountAuthChanged):
        return False
    for open_kfid in event.added:
        memory.open_(ctx.db, open_kfid)
        _ring(ctx, open_kfid, f"auth:{ctx.cause_id}")
        _ask_servicers(ctx, open_kfid, f"auth:{ctx.cause_id}")
    for open_kfid in event.removed:
        memory.forget(ctx.db, open_kfid)
    return True


def on_accounts_fetched(event: Event, ctx: Context) -> bool:
    """The list of accounts came."""
    if not isinstance(event, Fetched) or event.what != "kf_accounts":
        return False
    known = {account.open_kfid for account in memory.all_accounts(ctx.db)}
    for item in event.result.get("account_list", []) if event.ok else []:
        open_kfid = str(item["open_kfid"])
        memory.open_(ctx.db, open_kfid, str(item.get("name", ""))[:64])
        if open_kfid not in known:
            _ring(ctx, open_kfid, f"list:{ctx.cause_id}")
            _ask_servicers(ctx, open_kfid, f"list:{ctx.cause_id}")
    return True


def on_servicers_fetched(event: Event, ctx: Context) -> bool:
    """An account's servicers came: `status` 0 accepts, 1 does not (94645)."""
    if not isinstance(event, Fetched) or event.what != "servicers":
        return False
    if event.ok:
        people = {
            str(s["userid"]): s.get("status") == 0 for s in event.result.get("servicer_list", []) if "userid" in s
        }
        memory.set_servicers(ctx.db, event.arguments["open_kfid"], people, ctx.now)
    return True
