"""A case shows what was promised, by whom it is owed and until when; recordings play in ranges."""

from pathlib import Path

import pytest

from reception.domain.codes import Role
from tests.integration.web.site import Browser, Site
from tests.integration.web.talks import BYTES, PROMISE, Talk, hold


@pytest.fixture
async def talk(site: Site, tmp_path: Path) -> Talk:
    """One reception that was held."""
    return await hold(site, tmp_path)


async def test_the_list_finds_by_number_name_and_words(site: Site, talk: Talk) -> None:
    browser = await site.staff(Role.CLERK)
    for search in ("330726-2026-000001", "吴某", "水渠"):
        page = await browser.get(f"/cases?search={search}")
        assert f"/cases/{talk.case_id}" in page.html
    assert "没有找到" in (await browser.get("/cases?search=nobody")).text
    assert (await browser.get("/cases?page=0")).status == 400


async def test_a_case_shows_facts_due_dates_talk_and_timeline(site: Site, talk: Talk) -> None:
    browser = await site.staff(Role.CLERK)
    page = await browser.get(f"/cases/{talk.case_id}")
    assert page.status == 200
    assert not page.links(f"/sessions/{talk.session_id}/recordings")
    for words in (
        PROMISE,
        "交办限期",
        "水务局",
        "2026年4月9日 星期四",
        "水渠断水三个月。",
        "信访人同意录音录像",
        "接访承诺 还有 30 天",
        "转送、交办",
        "已登记",
    ):
        assert words in page.text, words


async def test_leader_and_handler_read_the_same_case(site: Site, talk: Talk) -> None:
    for role in (Role.LEADER, Role.HANDLER):
        browser = await site.staff(role)
        page = await browser.get(f"/cases/{talk.case_id}")
        assert page.status == 200
        assert PROMISE in page.text
        assert page.links(f"/sessions/{talk.session_id}/recordings")


async def viewer(site: Site, talk: Talk) -> Browser:
    """Seat the leader, with the recordings opened."""
    browser = await site.staff(Role.LEADER)
    assert (await browser.get(f"/sessions/{talk.session_id}/recordings")).status == 200
    return browser


async def test_the_player_shows_each_participant_and_what_is_missing(
    site: Site, talk: Talk
) -> None:
    browser = await site.staff(Role.LEADER)
    page = await browser.get(f"/sessions/{talk.session_id}/recordings")
    assert page.status == 200
    assert f'src="/recordings/files/{talk.file_id}"' in page.html
    assert 'data-duration-ms="8000"' in page.html
    assert 'x="250" width="250"' in page.html
    assert "0:02–0:04" in page.text
    assert "网络丢失" in page.text


@pytest.mark.parametrize(
    ("header", "status", "start", "end"),
    [
        (None, 200, 0, len(BYTES)),
        ("bytes=0-", 206, 0, len(BYTES)),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=-10", 206, len(BYTES) - 10, len(BYTES)),
        (f"bytes=10-{len(BYTES) * 2}", 206, 10, len(BYTES)),
        ("lines=1-2", 200, 0, len(BYTES)),
    ],
)
async def test_a_range_of_a_file_is_sent(
    site: Site, talk: Talk, header: str | None, status: int, start: int, end: int
) -> None:
    browser = await viewer(site, talk)
    headers = {"Range": header} if header else {}
    answer = await browser.raw("GET", f"/recordings/files/{talk.file_id}", headers=headers)
    assert answer.status == status
    assert await answer.read() == BYTES[start:end]
    assert answer.headers["Content-Type"] == "video/webm"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "no-store"
    if status == 206:
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(BYTES)}"


async def test_a_range_past_the_end_is_refused(site: Site, talk: Talk) -> None:
    browser = await viewer(site, talk)
    answer = await browser.raw(
        "GET", f"/recordings/files/{talk.file_id}", headers={"Range": "bytes=999999-"}
    )
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(BYTES)}"


async def test_head_tells_the_length_and_sends_nothing(site: Site, talk: Talk) -> None:
    browser = await viewer(site, talk)
    answer = await browser.raw("HEAD", f"/recordings/files/{talk.file_id}")
    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(BYTES))


async def test_who_looked_is_on_the_timeline(site: Site, talk: Talk) -> None:
    browser = await viewer(site, talk)
    case = f"/cases/{talk.case_id}"
    assert "录音录像被查看" not in (await browser.get(case)).text
    await browser.raw("GET", f"/recordings/files/{talk.file_id}")
    seen = (await browser.get(case)).text
    assert "录音录像被查看" in seen
    assert "接访领导（演示）" in seen


async def test_a_file_that_is_gone_is_not_a_crash(site: Site, talk: Talk, tmp_path: Path) -> None:
    for file in (tmp_path / "recordings" / talk.recording_id / "final").iterdir():
        file.unlink()
    browser = await viewer(site, talk)
    assert (await browser.get(f"/recordings/files/{talk.file_id}")).status == 404


async def test_a_changed_or_swapped_file_is_refused_and_nothing_of_it_is_sent(
    site: Site, talk: Talk, tmp_path: Path
) -> None:
    browser = await viewer(site, talk)
    first, second = sorted((tmp_path / "recordings" / talk.recording_id / "final").iterdir())
    whole = {path: path.read_bytes() for path in (first, second)}
    changed = bytearray(whole[first])
    changed[100] ^= 1
    cases = {
        "changed": {path: bytes(changed) for path in whole},
        "cut off": {path: content[:-1] for path, content in whole.items()},
        "swapped": {first: whole[second], second: whole[first]},
        "plain": dict.fromkeys(whole, BYTES),
    }
    for what, files in cases.items():
        for path, content in files.items():
            path.write_bytes(content)
        answer = await browser.raw("GET", f"/recordings/files/{talk.file_id}")
        assert answer.status == 409, what
        assert BYTES[:16] not in await answer.read(), what


async def test_the_holder_of_the_code_sees_the_promise_and_no_names(site: Site, talk: Talk) -> None:
    browser = await site.browser()
    page = await browser.post("/query", {"code": talk.query_code.lower()})
    assert page.status == 200
    assert page.path == "/query"
    for words in (PROMISE, "水务局", "2026年4月9日 星期四", "已交办"):
        assert words in page.text, words
    for name in ("吴某", "13800001234", "1234"):
        assert name not in page.text.replace(talk.query_code, "")


async def test_a_wrong_code_says_what_to_do(site: Site) -> None:
    browser = await site.browser()
    for code in ("", "23456789AB", "x" * 400):
        page = await browser.post("/query", {"code": code})
        assert page.status == 404
        assert 'role="alert"' in page.html
