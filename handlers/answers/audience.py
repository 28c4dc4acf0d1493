"""Who asks, as far as an entry's audience wants to know: their tags and stores, looked up when first needed."""

from functools import cached_property

from handlers.context import Context
from handlers.reading import Reading
from persona.entries import APPROVED, Audience, Entry
from storage import contacts, tags
from storage.contacts import Customer
from storage.conversations import KF, Conversation

EVERYBODY = Audience()


class Asker:
    """The other end of a conversation. Staff may hear all that is approved and valid."""

    def __init__(self, ctx: Context, conversation: Conversation) -> None:
        self._ctx, self._peer = ctx, conversation.peer
        self._is_customer = conversation.channel == KF

    @cached_property
    def tags(self) -> list[str]:
        """The customer's tags, oldest first."""
        return [tag.tag for tag in tags.of_customer(self._ctx.db, self._peer)] if self._is_customer else []

    @cached_property
    def stores(self) -> set[str]:
        """The stores of the staff whose contact the customer is, and of the first code they used."""
        brand = self._ctx.brand
        staff = [
            brand.staff[userid] for userid in contacts.followers(self._ctx.db, self._peer) if userid in brand.staff
        ]
        known = self._ctx.db.get(Customer, self._peer)
        code = brand.live_codes.get(known.first_state) if known else None
        return ({member.store for member in staff} | ({code.store} if code else set())) - {""}

    def answer(self, entry: Entry, asked: Reading | None = None) -> tuple[str, str | None]:
        """An entry's answer and the tag that chose its variant (None for everybody's).

        Whom the question itself describes ("那油皮呢", "我妈是干皮") comes before what is known of the customer.
        """
        if not entry.variants:
            return entry.answer, None
        named = [finding.tag for finding in asked.findings if not finding.withdraws] if asked else []
        contrary = {tag for name in named for tag in self._ctx.brand.catalogue.contrary_to(name)}
        return entry.answer_for([*named, *(tag for tag in self.tags if tag not in contrary)])

    def may_hear(self, entry: Entry) -> bool:
        """Whether this entry may be given today, in the brand's time zone."""
        today = self._ctx.local.date()
        if not self._is_customer or entry.audience == EVERYBODY:
            return entry.status == APPROVED and entry.is_valid_on(today)
        return entry.open_to(today, self.tags, self.stores)
