"""What a page is made to tell: when it was pressed, when the other's first picture stood on it, and how
old each picture is. The camera that the age is read from shows the time in sixteen squares."""

from typing import Any, Final

from playwright.async_api import Page

# The press survives the change of page in the tab's storage; both instants are of one clock.
WATCHING: Final = """
(() => {
  addEventListener('click', event => {
    sessionStorage.setItem('pressed', String(performance.timeOrigin + event.timeStamp));
  }, true);
  const remote = new Set();
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...options) {
      super(...options);
      this.addEventListener('track', event => remote.add(event.track.id));
    }
  };
  const board = document.createElement('canvas');
  board.width = 160; board.height = 10;
  const pen = board.getContext('2d', {willReadFrequently: true});
  const watched = new WeakSet();
  const seen = window.seen = {first: null, ages: []};
  const look = video => video.requestVideoFrameCallback((_, frame) => {
    const shown = performance.timeOrigin + frame.presentationTime;
    seen.first ??= shown;
    pen.drawImage(video, 0, 0, video.videoWidth, video.videoWidth / 16, 0, 0, 160, 10);
    const {data} = pen.getImageData(0, 5, 160, 1);
    let drawn = 0;
    for (let bit = 0; bit < 16; bit++) drawn = drawn << 1 | (data[(bit * 10 + 5) * 4] > 127);
    seen.ages.push((Math.round(shown) - drawn) & 0xffff);
    look(video);
  });
  setInterval(() => {
    for (const video of document.querySelectorAll('video')) {
      const tracks = video.srcObject?.getVideoTracks?.() ?? [];
      if (watched.has(video) || !tracks.some(track => remote.has(track.id))) continue;
      watched.add(video);
      look(video);
    }
  }, 5);
})();
"""

# 640x360 at 30 pictures a second; each picture says when it was drawn.
CLOCK_CAMERA: Final = """
(() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const clock = document.createElement('canvas');
  clock.width = 640; clock.height = 360;
  const pen = clock.getContext('2d');
  let turn = 0;
  setInterval(() => {
    const now = Math.round(performance.timeOrigin + performance.now()) & 0xffff;
    pen.fillStyle = `hsl(${turn++ % 360} 40% 60%)`;
    pen.fillRect(0, 40, 640, 320);
    for (let bit = 0; bit < 16; bit++) {
      pen.fillStyle = now >> (15 - bit) & 1 ? '#fff' : '#000';
      pen.fillRect(bit * 40, 0, 40, 40);
    }
  }, 33);
  navigator.mediaDevices.getUserMedia = async wanted => {
    const media = await real(wanted);
    for (const track of media.getVideoTracks()) {
      media.removeTrack(track);
      track.stop();
      media.addTrack(clock.captureStream(30).getVideoTracks()[0]);
    }
    return media;
  };
})();
"""

# An age of more than this is a square misread where one picture gives way to the next.
BELIEVED_MS: Final = 3000
_FIRST: Final = "() => window.seen?.first && window.seen.first - sessionStorage.getItem('pressed')"
_SCRIPTS: Final = """() => performance.timeOrigin - sessionStorage.getItem('pressed')
  + performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"""
_AGES: Final = "() => window.seen.ages"


async def first_picture_ms(page: Page) -> float:
    """Wait for the other's first picture; milliseconds since the last press in this tab."""
    told: Any = await page.wait_for_function(_FIRST, timeout=30_000)
    return float(await told.json_value())


async def scripts_ran_ms(page: Page) -> float:
    """Milliseconds from the last press in this tab until this page's scripts had run."""
    told: float = await page.evaluate(_SCRIPTS)
    return told


async def ages_ms(page: Page, pictures: int) -> list[float]:
    """Wait for so many pictures; their ages, of those that could be read."""
    await page.wait_for_function("n => window.seen.ages.length >= n", arg=pictures, timeout=30_000)
    told: list[float] = await page.evaluate(_AGES)
    return [age for age in told if age <= BELIEVED_MS]
