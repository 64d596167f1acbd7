"""The administrator's pages: a kiosk from its record to its end."""

import re

import pytest

from reception.domain.access import SYSTEM
from reception.domain.codes import Role
from reception.domain.kiosks import KioskQuarantined, fingerprint, read_code
from reception.services import kiosks
from tests.build import later
from tests.devices import Device
from tests.integration.web.site import Site


async def test_a_kiosk_is_made_enrolled_compared_and_approved_on_the_pages(site: Site) -> None:
    admin = await site.staff(Role.SYSADMIN)
    await admin.get("/kiosks")
    page = await admin.post("/kiosks", {"site_id": site.place.site_id, "name": "二号终端"})
    assert page.status == 200
    shown = re.search(r'class="enrolment-code">([A-Z0-9-]+)<', page.html)
    assert shown
    code = read_code(shown[1])
    assert f"/kiosk/enrol#code={code}" in page.text
    device = Device()
    done = await device.enrol(site.db, code, now=site.clock.now())
    overview = await admin.get("/kiosks")
    assert "等待核对" in overview.text
    assert "二号终端" in (await admin.get("/admin")).text
    path = f"/kiosks/{done.kiosk_id}"
    page = await admin.get(path)
    assert " ".join(done.words) in page.html
    other = " ".join(fingerprint(Device().public_key))
    assert (await admin.post(f"{path}/approval", {"words": other})).status == 409
    page = await admin.post(f"{path}/approval", {"words": page.value("words")})
    assert "已启用" in page.text
    await device.open(site.db, now=site.clock.now())


async def test_limits_are_set_as_people_write_them(site: Site) -> None:
    admin = await site.staff(Role.SYSADMIN)
    path = f"/kiosks/{site.place.device.kiosk_id}"
    await admin.get(path)
    wish = {"hours": "08:30–11:30、14:00-17:30", "network": "10.20.0.0/16，2001:db8::/32"}
    page = await admin.post(f"{path}/limits", wish)
    assert page.value("hours") == "08:30–11:30、14:00–17:30"
    assert page.value("network") == "10.20.0.0/16、2001:db8::/32"
    for wrong in ({"hours": "早上"}, {"network": "县局"}):
        assert (await admin.post(f"{path}/limits", wrong)).status == 400


async def test_a_revoked_kiosk_says_so_in_words_and_ends(site: Site) -> None:
    admin = await site.staff(Role.SYSADMIN)
    path = f"/kiosks/{site.place.device.kiosk_id}"
    await admin.get(path)
    page = await admin.post(f"{path}/revocation")
    assert "已停用" in page.text
    async with site.db.reading(SYSTEM) as tx:
        assert await kiosks.good(tx, {site.place.device.kiosk_id}) == frozenset()


async def test_two_machines_with_one_key_are_an_alarm_on_the_administrators_pages(
    site: Site,
) -> None:
    admin = await site.staff(Role.SYSADMIN)
    assert "隔离" not in (await admin.get("/admin")).text
    await site.place.device.copy().open(site.db, now=later(1))
    with pytest.raises(KioskQuarantined):
        await site.place.device.use(site.db, now=later(2))
    for path in ("/admin", "/kiosks", f"/kiosks/{site.place.device.kiosk_id}"):
        page = await admin.get(path)
        assert 'role="alert"' in page.html
        assert "已隔离" in page.text


async def test_others_do_not_see_the_pages(site: Site) -> None:
    for role in (Role.CLERK, Role.LEADER, Role.SECADMIN):
        browser = await site.staff(role)
        assert (await browser.get("/kiosks")).status == 403
