"""Why a command is refused: one closed list, the contract of HTTP, Kafka and the command line."""

from typing import Literal

RefusalCode = Literal[
    "unknown_complaint",        # no such stream
    "already_exists",           # the stream has its first event already
    "no_final_reply",           # closing needs a final reply in this cycle
    "signature_missing",        # the final reply must be signed by or for a team, and is not
    "public_reply_missing",     # a public complaint needs its public closing reply
    "not_resolved",             # needs an outcome first
    "not_closed",               # only what ended can be reopened
    "already_closed",           # the cycle has ended
    "already_resolved",         # the outcome stands; reopen first
    "exited",                   # the case left the funnel
    "unknown_remedy",
    "remedy_not_approved",
    "remedy_already_decided",
    "self_approval",            # four eyes: proposer and approver are the same person
    "person_required",          # needs a verified person, not a service or a rule
    "amount_required",
    "amount_exceeds_approval",  # given would pass what was approved
    "amount_exceeds_proposal",
    "amount_exceeds_given",     # more taken back than was given
    "currency_differs",
    "unknown_message",
    "not_a_reply",
    "reply_unfit",              # the reply check keeps it back: mend it, or send it with a written reason
    "unknown_request",
    "unknown_promise",
    "unknown_action",
    "unknown_clock",
    "not_due",                  # the clock has not run out by the case's own events
    "extension_too_late",       # dated after the due
    "extension_not_later",
    "reason_differs",           # the case does not show the reason given for closing
    "reason_required",          # a person's written reason (why) is needed
    "own_reply",                # nobody reviews his own reply
    "own_rating",               # staff cannot rate themselves
    "already_rated",            # one rating per cycle
    "unknown_cycle",
    "unknown_entry",            # no such event to correct
    "unknown_hold",
    "same_person",              # four eyes on a hold
    "self_link",
    "number_required",
    "not_registered",
    "unknown_point",
    "nothing_to_do",
    "closed_problem",
    "not_open",                 # only suspected: a person opens a problem by naming its cause
    "names_somebody",           # a text for everybody holds what looks like a way to reach a person
    "already_a_complaint",
    "opted_out",                # this person wants to be asked by no survey
    "not_enrolled",             # no survey may ask him, or no mail reaches him
    "unknown_invitation",       # he has no such invitation to a survey
    "survey_over",              # answers to this invitation are no longer taken
    "right_missing",
    "back_dating",              # occurred_at of a person needs the right to back-date
    "stale_version",            # made for another version of the case than the present one
    "command_reused",           # the same command id with other content
    "already_handled",          # it had its effect; the answer is no longer kept
    "subject_erased",           # the person whose text it would be was erased; nothing is added for him
    "unknown_subject",          # nothing is kept of such a person
    "unlisted_code",            # a code that its published list does not have
    "unknown_command",
    "invalid",                  # the command does not fit its schema
]  # fmt: skip


class Refusal(Exception):
    """A command contradicts the case. Carries the facts, never text that a person typed.

    Who sends the command decides what to do next; asking again changes nothing unless the case does.
    """

    def __init__(self, code: RefusalCode, reason: str, **facts: str | int | None) -> None:
        self.code = code
        self.reason = reason
        self.facts = facts
        super().__init__(f"{code}: {reason}")
