"""The texts a petitioner hears before the talk: the rights, and the question about recording.

They are read aloud, so each line is one short thought. What was agreed to is stored with the
version of the text, which is a digest of its words: a changed word is another version.
Content: domain.md 3.6 (RightsNotice, RecordingConsent), REG22 arts 18, 28, 30, 35, 36,
PIPL arts 14, 15, 17, 29.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A text in both languages, line by line; line n of one says what line n of the other says."""

    name: str
    zh: tuple[str, ...]
    en: tuple[str, ...]

    def lines(self, language: str) -> tuple[str, ...]:
        """The lines to read; any language other than `en` reads Chinese."""
        return self.en if language == "en" else self.zh

    @property
    def sha256(self) -> str:
        """The digest of all words, 64 hexadecimal digits."""
        words = "\n".join((self.name, *self.zh, "", *self.en))
        return sha256(words.encode()).hexdigest()

    @property
    def version(self) -> str:
        """What is stored with an answer: the name and the first 16 digits of the digest."""
        return f"{self.name}-{self.sha256[:16]}"


RIGHTS: Final = SpokenText(
    "rights",
    zh=(
        "您好。谈话以前，请听听您的权利。",
        "您可以把话说完。您说的话，我们如实记下来。",
        "屏幕上的每个人，都会说明姓名和身份。中途有人加入，会先告诉您。",
        "您可以说自己习惯的语言。要翻译，请告诉我们。",
        "您可以请律师，也可以请信得过的人陪着。",
        "您觉得谁和这件事有利害关系，可以要求他回避。",
        "谈完以后，记录会念给您听。记错了可以改。",
        "您可以签字，也可以不签。不签字，不影响您的事情。",
        "您可以要一份记录。",
        "您的个人情况和您反映的事情，我们保密。谁也不许打击报复。",
        "要不要录音录像，由您决定。不同意，照样谈。",
        "您随时可以停下来不谈。您的事情不受影响。",
        "以后收到书面处理意见，如果不服，三十天内可以申请复查。",
        "收到复查意见，还是不服，三十天内可以申请复核。",
        "对今天的接待不满意，您可以评价，也可以向信访部门投诉。",
    ),
    en=(
        "Hello. Before we talk, please hear your rights.",
        "You may say all you want to say. We write down truthfully what you say.",
        "Everyone on the screen gives their name and office. You are told before anyone joins.",
        "You may speak the language you are used to. If you need an interpreter, tell us.",
        "You may bring a lawyer, or someone you trust.",
        "If you think someone has a stake in this matter, you may ask that they step out.",
        "After the talk the record is read to you. Mistakes can be put right.",
        "You may sign it or not. Not signing does no harm to your case.",
        "You may have a copy of the record.",
        "Your details and what you tell us are kept private. Nobody may take revenge on you.",
        "Whether we record is your choice. If you say no, we talk all the same.",
        "You may stop at any time. Your case is not affected.",
        "If you disagree with the written opinion, you have thirty days to ask for a review.",
        "If you disagree with the review too, you have thirty days to ask for a recheck.",
        "If today's reception was not good, you may rate it, or complain to the petition office.",
    ),
)
"""The rights, read aloud when the notice begins."""

RECORDING_CONSENT: Final = SpokenText(
    "recording",
    zh=(
        "这次谈话，可以录音录像吗？",
        "录音录像只用来核对今天说了什么、答应了什么。",
        "只有办理和监督这件事的工作人员能看。谁看过，都有记录。",
        "录音录像不公开，也不用来识别您的脸和声音。",
        "保存的时间，不超过办这件事的需要。您可以问保存到什么时候。",
        "您可以要一份，也可以要求删除。",
        "您可以不同意。不同意，照样谈，事情照样办。",
        "同意以后，随时可以改变主意。我们马上停止录制。",
    ),
    en=(
        "May we record sound and picture of this talk?",
        "The recording only serves to check what was said and promised today.",
        "Only staff who handle or supervise this case can see it. Who looked is written down.",
        "It is not made public, and not used to recognise your face or voice.",
        "It is kept no longer than this case needs. You may ask until when.",
        "You may ask for a copy, and you may ask to have it deleted.",
        "You may say no. We talk all the same, and your case goes on all the same.",
        "If you agree, you may change your mind at any time. We stop recording at once.",
    ),
)
"""The question about recording, asked apart from the rights, with two equal answers."""
