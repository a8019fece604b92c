"""Who performs which effect in this process, and on what terms."""

from __future__ import annotations

from lastlight.compose_storage import Storage
from lastlight.integrations.books import BOOKS_TERMS, Books
from lastlight.integrations.notifications.notifier import TERMS, Notifier
from lastlight.integrations.payment_effects import TERMS as PAYMENT_TERMS
from lastlight.integrations.payment_effects import PaymentEffects
from lastlight.integrations.payments import PaymentProvider
from lastlight.integrations.performing import Performing
from lastlight.integrations.personal import PERSONAL_TERMS, PersonalData


def make_effects(
    storage: Storage, *, provider: PaymentProvider, notifier: Notifier, personal: PersonalData
) -> Performing:
    """All of them; what no other does goes into the mailbox."""
    return Performing(
        {
            **Books(reader=storage.reader, durable=storage.durable).performers(),
            **personal.performers(),
            **PaymentEffects(provider).performers(),
            **notifier.performers(),
        },
        otherwise=notifier.mailbox,
        on_terms={**TERMS, **PAYMENT_TERMS, **PERSONAL_TERMS, **BOOKS_TERMS},
        when_given_up=notifier.when_given_up(),
    )
