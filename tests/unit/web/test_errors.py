"""Every refusal has a status and a sentence in both languages."""

import json

from reception.domain.refusals import SENTENCES
from web.errors import STATUS, problem, status_of

# Never answered over HTTP: told on the command line, or over the WebSocket alone.
ELSEWHERE = {"refused", "sqlite_too_old", "directory_not_empty"}


def test_every_status_belongs_to_a_refusal_with_sentences() -> None:
    assert set(STATUS) <= set(SENTENCES)


def test_a_problem_document_says_the_same_in_both_languages() -> None:
    response = problem("slot_taken", {"alternatives": []})
    body = json.loads(str(response.text))
    assert response.status == 409
    assert response.content_type == "application/problem+json"
    assert body["code"] == "slot_taken"
    assert body["zh"] != body["en"]
    assert body["type"] == "urn:video-reception:refusal:slot_taken"


def test_an_unknown_code_is_the_callers_fault_not_a_crash() -> None:
    assert status_of("never_heard_of") == 400
