"""The document and the routes are one."""

import re

from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from reception.domain.refusals import SENTENCES
from web.api import OPERATIONS, routes
from web.api.openapi import codes_of, document
from web.api.operation import PREFIX
from web.errors import STATUS

DOCUMENT = document(OPERATIONS, "1.2.3")


def test_the_document_is_valid_openapi_3_1() -> None:
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["version"] == "1.2.3"


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    described = {
        (method.upper(), path) for path, entry in DOCUMENT["paths"].items() for method in entry
    }
    routed = {(route.method, route.path) for route in routes()}
    assert described == routed - {("GET", f"{PREFIX}/openapi.json")}


def test_operation_ids_are_unique() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len(set(names))


def test_every_refusal_code_of_an_operation_is_listed_under_its_status() -> None:
    for operation in OPERATIONS:
        entry = DOCUMENT["paths"][PREFIX + operation.path][operation.method.lower()]
        for code in codes_of(operation):
            response = entry["responses"][str(STATUS[code].value)]
            schema = response["content"]["application/problem+json"]["schema"]
            assert code in schema["allOf"][1]["properties"]["code"]["enum"]


def test_every_listed_code_has_a_status_and_both_sentences() -> None:
    codes = {code for operation in OPERATIONS for code in codes_of(operation)}
    assert codes <= set(STATUS)
    assert codes <= set(SENTENCES)


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    names = re.findall(r"#/components/schemas/([\w.-]+)", str(DOCUMENT))
    assert set(names) <= set(schemas)
    assert set(schemas) <= {*names}, "a schema nobody refers to"


def test_path_ids_are_parameters() -> None:
    for operation in OPERATIONS:
        entry = DOCUMENT["paths"][PREFIX + operation.path][operation.method.lower()]
        named = [p["name"] for p in entry["parameters"] if p["in"] == "path"]
        assert named == re.findall(r"\{(\w+)\}", operation.path)


def test_unknown_fields_are_refused_by_every_model() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if schema.get("type") == "object":
            assert schema.get("additionalProperties") is False, name


def test_operations_that_need_no_login_say_so() -> None:
    for operation in OPERATIONS:
        entry = DOCUMENT["paths"][PREFIX + operation.path][operation.method.lower()]
        assert bool(entry["security"]) is bool(operation.roles)
        assert ("not_logged_in" in codes_of(operation)) is bool(operation.roles)
