"""Every screen of a turn, as a person at the kiosk meets it: touched, read and checked by axe."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.e2e.browser import LANDSCAPE, PORTRAIT, Person, axe, sit_down
from tests.integration.web_live.scripted import (
    CONSENT,
    LEADER,
    NOW,
    OUTCOME,
    RECORD,
    VILLAGER,
    ScriptedServer,
    booking_body,
)

# A machine with a Chinese voice, whose words are kept.
SPOKEN = """
window.spoken = [];
speechSynthesis.getVoices = () => [{lang: 'zh-CN', localService: true}];
speechSynthesis.speak = one => window.spoken.push(one.text);
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""

WRONG_CODE = r"404 \(Not Found\).*/kiosk/check-in"


async def sit(
    chromium: Chromium, server: ScriptedServer, tmp_path: Path, size: tuple[int, int] = PORTRAIT
) -> Person:
    """Sit down at the kiosk."""
    person = await sit_down(
        chromium, "kiosk", pictures=tmp_path, viewport=size, expected=(WRONG_CODE,)
    )
    await person.page.goto(f"{server.url}/kiosk")
    return person


async def type_code(page: Page, code: str) -> None:
    """Press a code on the pad."""
    for digit in code:
        await page.locator(f'[data-digit="{digit}"]').click()


async def reach_lobby(page: Page, server: ScriptedServer) -> None:
    """Go from the idle screen to the lobby."""
    await page.locator("#begin").click()
    await type_code(page, server.code)
    await page.locator("#is-me").click()
    await page.locator("#heard").click()
    await expect(page.locator("#lobby-title")).to_be_visible()


async def reach_talk(page: Page, server: ScriptedServer) -> None:
    """Go from the idle screen into the talk."""
    await reach_lobby(page, server)
    await server.show(
        "active",
        people=[VILLAGER, LEADER],
        consent=CONSENT,
        started_at=(NOW - timedelta(minutes=7)).isoformat(),
    )
    await expect(page.locator("#stop")).to_be_visible()


async def fits(page: Page) -> bool:
    """Tell whether all that can be pressed lies inside the window, at least 64 pixels high."""
    found: bool = await page.evaluate(
        """() => [...document.querySelectorAll('button.big, .pad__key, .face')]
            .filter(one => one.checkVisibility() && !one.closest('dialog'))
            .every(one => {
              const box = one.getBoundingClientRect();
              return box.height >= 64 && box.width >= 64 && box.top >= 0 && box.left >= 0
                && box.bottom <= innerHeight + 1 && box.right <= innerWidth + 1;
            })"""
    )
    return found


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=["standing", "lying"])
async def test_a_whole_turn_by_touch_alone(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path, size: tuple[int, int]
) -> None:
    person = await sit(chromium, scripted, tmp_path, size)
    page = person.page

    async def look(title: str) -> None:
        await expect(page.locator(title)).to_be_visible()
        assert await fits(page), f"{title}: something to press is out of sight or too small"
        await axe(page)

    await look("#idle-title")
    await expect(page.locator("#receptions li")).to_have_count(3)
    await page.locator("#begin").click()
    await look("#code-title")
    await type_code(page, "111111")
    await expect(page.locator("#code-refusal")).to_have_text("没有这个签到码，请再看一遍预约单。")
    await type_code(page, scripted.code)
    await look("#greet-title")
    await expect(page.locator("#greet-title")).to_have_text("您好，王**")
    await expect(page.locator("#greet-time")).to_have_text("今天 14:30 到 15:00")
    await page.locator("#is-me").click()
    await expect(page.locator("#camera-words")).to_contain_text("看得见您自己")
    await expect(page.locator("#microphone-words")).to_contain_text("听见您说话了")
    await look("#devices-title")
    await page.locator("#heard").click()
    await look("#lobby-title")
    await expect(page.locator("#lobby-words")).to_have_text("离约定时间还有 6 分钟。")

    await scripted.show("notice", people=[VILLAGER, LEADER], moves=["confirm", "stop"])
    await look("#rights-title")
    await page.locator("#understood").click()
    await look("#consent-title")
    await page.locator("#consent-yes").click()
    kind, answer = await scripted.next_request()
    assert (kind, answer["answer"], answer["how"]) == ("consent", True, "button")
    await scripted.show("notice", consent=CONSENT)
    await look("#ready-title")
    await page.locator("#confirm").click()
    assert await scripted.next_request() == ("move", {"move": "confirm"})
    started = (NOW - timedelta(minutes=7)).isoformat()
    await scripted.show("active", started_at=started, recording="on")
    await look("#talk-leader")
    await expect(page.locator("#recording")).to_have_text("正在录音录像")
    await expect(page.locator("#talk-clock")).to_have_text("07:00")

    await scripted.show("consult", recording="off")
    await look("#consult-title")
    await scripted.show("reconnecting", resumes="active")
    await look("#reconnecting-title")
    await scripted.show("readback", record=RECORD)
    await look("#readback-title")
    await expect(page.locator("#record-text")).to_contain_text("由县交通运输局负责修复")
    await page.locator("#open-pad").click()
    await look("#sign-title")
    await expect(page.locator("#sign")).to_be_disabled()
    box = await page.locator("#sheet").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 60, box["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 300, box["y"] + 120, steps=5)
    await page.mouse.up()
    await page.locator("#sign").click()
    kind, signed = await scripted.next_request()
    assert kind == "sign"
    assert signed["strokes"].startswith("M")
    await scripted.show("signed")
    await look("#await-title")
    await scripted.show("signed", outcome=OUTCOME)
    await look("#outcome-title")
    await expect(page.locator("#outcome-due")).to_have_text("2026年12月20日 星期日")
    await expect(page.locator("#outcome-next")).to_be_hidden()
    await scripted.show("closed")
    await look("#outcome-next")
    assert await page.evaluate("document.getElementById('self').srcObject === null"), "camera off"
    await page.locator("#outcome-next").click()
    await page.locator('[data-target="session"] [data-level="0"]').click()
    await look("#rating-title")
    await page.locator("#send-rating").click()
    assert await scripted.next_request() == ("rate", {"target": "session", "level": 0})
    await look("#slip")
    await expect(page.locator("#slip-code")).to_have_text("7KQ4M-9TXPA")
    async with page.expect_navigation():  # the next turn begins on a page loaded anew
        await page.locator("#finish").click()
    await expect(page.locator("#begin")).to_be_visible()
    assert scripted.ended == 1
    assert await page.evaluate("sessionStorage.length + localStorage.length") == 0
    person.check()


async def test_silence_about_the_service_is_sent_as_nothing(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit(chromium, scripted, tmp_path)
    await reach_talk(person.page, scripted)
    await scripted.show("closed", outcome=OUTCOME)
    await person.page.locator("#outcome-next").click()
    await person.page.locator("#skip-rating").click()
    await expect(person.page.locator("#slip")).to_be_visible()
    assert scripted.asked.empty()


async def test_refusing_to_be_recorded_costs_nothing_and_is_shown(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit(chromium, scripted, tmp_path)
    page = person.page
    await reach_lobby(page, scripted)
    await scripted.show("notice", people=[VILLAGER, LEADER])
    await page.locator("#understood").click()
    yes, no = page.locator("#consent-yes"), page.locator("#consent-no")
    boxes = [await yes.bounding_box(), await no.bounding_box()]
    assert boxes[0] is not None
    assert boxes[1] is not None
    for side in ("width", "height"):
        assert boxes[0][side] == pytest.approx(boxes[1][side], abs=1)
    await no.click()
    assert (await scripted.next_request())[1]["answer"] is False
    await scripted.show("active", consent=CONSENT | {"answer": False}, started_at=NOW.isoformat())
    await expect(page.locator("#recording")).to_have_text("未录音录像")
    await expect(page.locator("#withdraw")).to_be_hidden()


async def test_a_person_who_agreed_may_change_their_mind(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit(chromium, scripted, tmp_path)
    await reach_talk(person.page, scripted)
    await scripted.show("active", recording="on")
    await person.page.locator("#withdraw").click()
    assert (await scripted.next_request())[1]["answer"] is False


async def test_ending_is_asked_about_once(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit(chromium, scripted, tmp_path)
    page = person.page
    await reach_talk(page, scripted)
    await page.locator("#stop").click()
    await axe(page)
    await page.locator("#keep-talking").click()
    await expect(page.locator("#ask-stop")).to_be_hidden()
    assert scripted.asked.empty()
    await page.locator("#stop").click()
    await page.locator("#stop-now").click()
    wish = {"move": "stop", "reason": "petitioner_wish"}
    assert await scripted.next_request() == ("move", wish)
    await scripted.show("stopped")
    await expect(page.locator("#stopped-title")).to_be_visible()


async def test_not_signing_has_its_own_button_and_no_question(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit(chromium, scripted, tmp_path)
    await reach_talk(person.page, scripted)
    await scripted.show("readback", record=RECORD)
    await person.page.locator("#refuse-sign").click()
    assert await scripted.next_request() == ("move", {"move": "refuse_sign"})


async def test_a_refusal_in_the_room_is_told_and_the_buttons_work_again(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit(chromium, scripted, tmp_path)
    page = person.page
    await reach_talk(page, scripted)
    await scripted.show("readback", record=RECORD)
    sentences = {"zh": "别人刚刚改过，请再试一次。", "en": "Try again."}
    scripted.refuse_next = {"code": "moved_meanwhile", "details": {}, **sentences}
    await page.locator("#refuse-sign").click()
    await expect(page.locator("#refusal")).to_have_text("别人刚刚改过，请再试一次。")
    await page.locator("#refuse-sign").click()
    assert [await scripted.next_request(), await scripted.next_request()] == [
        ("move", {"move": "refuse_sign"})
    ] * 2


async def test_a_page_loaded_anew_in_a_talk_goes_straight_back_into_it(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    scripted.turn = booking_body("active")
    scripted.snapshot |= {"state": "active", "consent": CONSENT, "started_at": NOW.isoformat()}
    person = await sit(chromium, scripted, tmp_path)
    await expect(person.page.locator("#stop")).to_be_visible()


async def test_an_end_without_outcome_says_what_happens_next(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit(chromium, scripted, tmp_path)
    await reach_talk(person.page, scripted)
    for state in ("adjourned", "stopped", "broken_off"):
        await scripted.show(state)
        screen = person.page.locator(f'section[data-screen="{state}"]')
        await expect(screen).to_be_visible()
        await expect(screen).to_contain_text("0579-84100000")
        await axe(person.page)


async def test_a_late_leader_is_told_with_a_number_to_call(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    scripted.snapshot["server_now"] = (NOW + timedelta(minutes=18)).isoformat()
    person = await sit(chromium, scripted, tmp_path)
    await reach_lobby(person.page, scripted)
    words = person.page.locator("#lobby-words")
    await expect(words).to_contain_text("约定的时间过了 12 分钟")
    await expect(words).to_contain_text("0579-84100000")


async def test_a_machine_left_alone_forgets_after_a_minute_and_says_so_before(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit_down(chromium, "kiosk", pictures=tmp_path, viewport=PORTRAIT)
    page = person.page
    await page.add_init_script(SPOKEN)
    await page.clock.install()
    await page.goto(f"{scripted.url}/kiosk")
    await page.locator("#begin").click()
    await type_code(page, "13")
    await page.clock.run_for(45_000)
    await expect(page.locator("#countdown")).to_contain_text("秒后回首页")
    assert await page.evaluate("window.spoken.filter(one => one.includes('您还在吗')).length") == 1
    await axe(page)
    await page.locator("#still-here").click()
    await page.clock.run_for(2_000)
    await expect(page.locator("#leaving")).to_be_hidden()
    await page.clock.run_for(30_000)
    await expect(page.locator("#code-title")).to_be_visible()
    await page.clock.run_for(32_000)
    await expect(page.locator("#begin")).to_be_visible()
    await page.locator("#begin").click()
    assert (await page.locator("#code").inner_text()).strip() == ""


async def test_the_kiosk_speaks_english_when_asked(
    chromium: Chromium, scripted: ScriptedServer, tmp_path: Path
) -> None:
    person = await sit(chromium, scripted, tmp_path)
    await person.page.goto(f"{scripted.url}/kiosk?lang=en")
    await expect(person.page.locator("#idle-title")).to_have_text(
        "Sit down and talk with a leader face to face"
    )
    await axe(person.page)
    await reach_lobby(person.page, scripted)
    await expect(person.page.locator("#lobby-words")).to_have_text(
        "6 minutes until the booked time."
    )
