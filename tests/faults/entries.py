"""Where the application, SQLAlchemy or Python call the guard, so that nothing of ours is around to catch.

Each makes the application's own call, once, with one guard around each note, and is short enough to be read. There
shall be no more of them: whoever needs another finds one of these to stand behind.
"""

ENTRIES = {
    "middleware.QueryGuard.__call__": "the server calls it",
    "web.messages.Messages.receive": "the application calls it for each message of a conversation",
    "web.messages.Messages.send": "the application calls it for each message of an answer",
    "capture.hooks.loader_trial._trying.execute_in_trial": "SQLAlchemy calls it for an execution of a session",
    "capture.hooks.executions.around.timed_execute": "SQLAlchemy calls it for a statement",
    "capture.hooks.executions.around_no_params.timed_execute": "SQLAlchemy calls it for a statement without parameters",
    "capture.hooks.executions.around_no_params.<lambda>": "the step of the one above",
    "capture.hooks.provenance._noting.noted_number": "SQLAlchemy calls it for each load of the ORM",
    "capture.hooks.transactions.began.timed_begin": "SQLAlchemy calls it for BEGIN",
    "capture.hooks.transactions.ended.timed_end": "SQLAlchemy calls it for COMMIT and ROLLBACK",
    "capture.hooks.transactions.ended_in_two_phases.timed_end": "SQLAlchemy calls it for the second phase",
    "own_errors.followed.followed_step": "SQLAlchemy calls it for what is noted only afterwards",
    "own_errors.contained.listen": "SQLAlchemy, a loop or a thread call it",
    "capture.hooks.pool_methods._timed.timed_connect": "SQLAlchemy calls it for a checkout",
    "capture.hooks.pool_methods._noted_checkin.noted_checkin": "SQLAlchemy calls it for a checkin",
    "recording.blocks.record": "a job's own `with` calls it",
    "judge.allowed_blocks.allow": "a job's own `with` calls it",
    "own_errors.report_own_error": "it is the guard itself, and contains all that it does",
}
"""Functions that cannot catch what is raised at their own start, and why."""

OF_TESTS = (
    "testing.",
    "recording.blocks.record_process",
    "judge.allowed_blocks.allow_in_process",
    "capture.hooks.attribute_reads.NotedAttribute",
)
"""What a test asks for by name: where it fails, the test may fail with it, and is told so."""
