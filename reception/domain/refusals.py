"""The one catalogue of sentences: what a refusal says to people, and what they can do next.

A part in square brackets names details and is left out when they are not known:
`请[ {retry_seconds} 秒后]再试`. Outside brackets a sentence uses no details.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from reception.domain.refusal_words import WORDS
from scheduler.calendar import SHANGHAI


class Sentence(NamedTuple):
    """What is said for one code, in both languages."""

    zh: str
    en: str


SENTENCES: Final[Mapping[str, Sentence]] = {
    # Everyday work.
    "refused": Sentence(
        "这一步没有办成。请再试一次；还是不行，请找工作人员。",
        "This was not done. Please try again; if it fails again, ask the staff.",
    ),
    "move_refused": Sentence(
        "现在的进度不能做这一步。请先看最新的进度，再选下一步。",
        "This step does not fit where things stand now. Look at the present state and choose the"
        " next step from there.",
    ),
    "moved_meanwhile": Sentence(
        "刚才有人改动过。请看过最新的内容，需要的话再做一次。",
        "Somebody changed this a moment ago. Look at it as it is now, and do it again if it is"
        " still needed.",
    ),
    "slot_taken": Sentence(
        "这个时段刚被别人约走了。请从其他空闲时段里选一个。",
        "Somebody else has just taken this slot. Please choose another free one.",
    ),
    "slot_not_bookable": Sentence(
        "这个时段不能预约[（{reason}）]。请选别的时段，或到接访点现场排号。",
        "This slot cannot be booked[ ({reason})]. Choose another one, or take a number at the"
        " site.",
    ),
    "day_not_published": Sentence(
        "这个接访日还没有公示，暂时不能预约。请选已公示的日期。",
        "This reception day is not published yet, so it cannot be booked. Choose a published day.",
    ),
    "request_too_slow": Sentence(
        "线路太慢，内容没有在[ {seconds} 秒]规定时间内传完，没有保存。请检查网络后再提交一次。",
        "The line is too slow: the rest did not come in time[ ({seconds} s)], and nothing was kept."
        " Check the network and send it again.",
    ),
    "idempotency_mismatch": Sentence(
        "同一个提交编号用在了不同的内容上。请刷新页面，重新填写后提交。",
        "The same idempotency key came with other content. Reload the page, fill it in again and"
        " send it.",
    ),
    "code_wrong": Sentence(
        "验证码不对，或者已经用过。请等验证器换一个新的数字再输入；丢了手机，用一个备用码。",
        "That is not the code, or it was used before. Wait for the next one; if the phone is lost,"
        " use a recovery code.",
    ),
    "key_wrong": Sentence(
        "安全密钥没有通过验证。请再试一次；密钥不在身边，用一个备用码。",
        "The security key did not prove it. Try again; without the key, use a recovery code.",
    ),
    "password_change_needed": Sentence(
        "请先设置自己的新密码，再继续。",
        "Choose a password of your own first, then go on.",
    ),
    "proof_needed": Sentence(
        "这一步很重要，需要再证明一次是您本人。请输入验证码或密码，然后继续。",
        "This matters, so prove once more that it is you: enter your code or password, then go on.",
    ),
    "second_factor_needed": Sentence(
        "本单位要求第二重验证。请先绑定安全密钥或验证器，再继续。",
        "This office asks for a second factor. Set one up first, then go on.",
    ),
    "leader_concerned": Sentence(
        "这位领导与本件有利害关系，应当回避。请选择其他领导的时段。",
        "This leader is concerned by the case and has to stand back. Choose a slot of another"
        " leader.",
    ),
    "volume_exceeded": Sentence(
        "[{hours} 小时内]查看的次数已达上限[（{most} 次）]。请稍后再看；确有需要，请联系安全管理员。",
        "You have looked at as many as one may[ ({most} in {hours} h)]. Come back later, or ask"
        " the security administrator if your work needs more.",
    ),
    "unopenable": Sentence(
        "这项内容打不开：它被改动过，或者密钥不对。请联系系统管理员，并保留现场。",
        "This cannot be opened: it was changed, or the key is another one. Tell the administrator"
        " and leave everything as it is.",
    ),
    "keys_unreadable": Sentence(
        "读不了密钥文件[ {file}]。请检查它是否属于本服务的用户，且其他人不可读。",
        "The file of the keys[ {file}] cannot be used. Check that it belongs to the service's user"
        " and that nobody else may read it.",
    ),
    "attachment_too_large": Sentence(
        "文件太大，最多 20 MB。请缩小照片，或把文件分成几份再添加。",
        "The file is too large: 20 MB at most. Make the picture smaller, or split the document.",
    ),
    "attachments_full": Sentence(
        "本件的附件已经够多了[（最多 {most} 个）]。请先移除不需要的，再添加。",
        "This case has as many files as it takes[ ({most})]. Remove one that is not needed first.",
    ),
    "attachment_kind": Sentence(
        "只收照片（jpg、png）、PDF 和 Word（docx）文件，文件名和内容要一致。请换一种格式再添加。",
        "Only pictures (jpg, png), PDF and Word (docx) files are taken, and name and content have to"
        " agree. Save it as one of these and add it again.",
    ),
    "attachment_damaged": Sentence(
        "这个文件打不开、太复杂或太长，没有保存。请重新拍照或另存一份再添加。",
        "This file cannot be read, is too complex or too long, and was not kept. Take the picture"
        " again, or save the document anew.",
    ),
    "attachment_unsafe": Sentence(
        "这个文件有密码、宏、内嵌对象或病毒，没有保存。请另存为不带这些的 PDF 再添加。",
        "This file has a password, macros, embedded objects or a virus, and was not kept. Save it as"
        " a PDF without them and add that.",
    ),
    "case_held": Sentence(
        "本件已暂停销毁（诉讼、复查等），里面的内容不能移除。请先在“保存和销毁”里由两人解除暂停。",
        "A legal hold stands on this case, so nothing of it may go. Have the hold lifted first, by two"
        " persons.",
    ),
    "scanner_away": Sentence(
        "查毒服务暂时没有响应，文件没有保存。请过几分钟再添加；仍不行，请告诉系统管理员。",
        "The virus scanner does not answer, and the file was not kept. Try again in a few minutes;"
        " if it fails again, tell the system administrator.",
    ),
    "key_in_use": Sentence(
        "这个版本的密钥还不能停用[：还有 {values} 项内容由它加密]"
        "[；换新还不到一小时，还要 {minutes} 分钟]。请先运行 reception keys reseal，过一小时再试。",
        "This version of the keys cannot go yet[: {values} values are sealed with it][; a newer one"
        " has to be an hour old, in {minutes} minutes]. Run reception keys reseal first, and try"
        " again an hour after.",
    ),
    "token_missing": Sentence(
        "密码设备[ {token}]用不了。请检查设备是否插好、RECEPTION_PKCS11_* 设置和口令文件。",
        "The token[ {token}] cannot be used. Check that it is there, the RECEPTION_PKCS11_*"
        " settings and the file of its PIN.",
    ),
    "not_found": Sentence(
        "没有找到[这个{thing}]。请检查地址或编号，或者从首页重新进入。",
        "[There is no such {thing} here. ]Nothing was found. Check the address or the number, or"
        " start again from the first page.",
    ),
    "code_unknown": Sentence(
        "没有找到这个号码[（{kind}）]。请照着单子再输一遍，或请工作人员帮忙查找。",
        "This code[ ({kind})] is not known. Please type it once more from the slip, or ask the"
        " staff to look for you.",
    ),
    "bad_input": Sentence(
        "填写的内容有一处要改[：{field}][（{reason}）]。请改好后再提交。",
        "Something needs to be corrected[: {field}][ ({reason})]. Please correct it and send it"
        " again.",
    ),
    "outcome_incomplete": Sentence(
        "接访结果还不完整[，需要补上或改正：{missing}]。请填好以后再保存。",
        "The outcome is not complete yet[; please fill in or correct: {missing}]. Then save it"
        " again.",
    ),
    "check_in_closed": Sentence(
        "现在不是签到时间[，请在{opens_at}到{closes_at}之间签到]。有急事请找工作人员。",
        "Check-in is not open now[; please check in between {opens_at} and {closes_at}]. If it is"
        " urgent, ask the staff.",
    ),
    "site_full": Sentence(
        "这个接访点在这个时间没有空房间了。请选别的时段或别的接访点。",
        "All rooms of this site are taken at that time. Choose another slot or another site.",
    ),
    "agent_not_authorised": Sentence(
        "代办人现在不能代办这件事[（{reason}）]。请信访人本人来办，或者重新写委托书。",
        "The agent may not do this now[ ({reason})]. Let the petitioner do it, or write a new"
        " authority.",
    ),
    "no_reception_today": Sentence(
        "今天这里没有领导接访，不能取号。请看接访公示，或请工作人员帮您预约别的日子。",
        "No leader receives here today, so there is no number to take. See the calendar, or ask the"
        " staff to book another day.",
    ),
    "already_booked": Sentence(
        "这件事已经约好了[（{booked_at}）]。要换时间请改期；是另一件事请重新登记一件再约。",
        "This matter is booked already[ ({booked_at})]. To come at another time move that booking;"
        " for another matter register it and book that.",
    ),
    "leader_absent": Sentence(
        "原定的接访领导不能到场，非常抱歉。请找工作人员：您可以选择由其他领导接访、优先改期，或者取消。",
        "The leader you booked cannot come; we are sorry. Ask the staff: you may choose another"
        " leader, an early other slot, or to cancel.",
    ),
    "stand_in_busy": Sentence(
        "这位领导在这个时间另有接访。请选名单里的下一位。",
        "This leader receives elsewhere at that time. Choose the next one on the list.",
    ),
    "rated_already": Sentence(
        "这一项您已经评价过了，谢谢。想补充意见，请告诉工作人员。",
        "You have rated this already, thank you. To add something, please tell the staff.",
    ),
    "consent_needed": Sentence(
        "信访人没有同意录音录像，不能录制。接访照常进行，请做好书面记录。",
        "The petitioner has not agreed to a recording, so nothing is recorded. Go on with the"
        " talk and keep the written record.",
    ),
    # Calendar.
    "year_not_loaded": Sentence(
        "[{year}年的]节假日安排还没有导入，不能推算日期。请管理员先导入，再试一次。",
        "The holidays[ of {year}] are not loaded, so the date cannot be counted. Ask the"
        " administrator to load them, then try again.",
    ),
    "rule_unknown": Sentence(
        "看不懂这条接访规则[：“{part}”]。请照例子改写，例如 monthly_day 15 或 weekly mon,thu。",
        "This rule is not understood[: “{part}”]. Write it like the examples: monthly_day 15, or"
        " weekly mon,thu.",
    ),
    # Who is asking.
    "bad_credentials": Sentence(
        "用户名或密码不对。请再输一次；忘了密码，请找管理员重设。",
        "The name or the password is wrong. Try again; if you forgot it, ask the administrator"
        " for a new one.",
    ),
    "too_many_attempts": Sentence(
        "试的次数太多了。请[等 {retry_seconds} 秒]再试，或找管理员帮忙。",
        "Too many tries. Wait[ {retry_seconds} seconds] before you try again, or ask the"
        " administrator.",
    ),
    "not_logged_in": Sentence(
        "请先登录。如果刚才已经登录，可能是太久没有操作，请重新登录。",
        "Please log in. If you were logged in, it ran out after a time without use; log in again.",
    ),
    "not_allowed": Sentence(
        "您不能做这一步[（{reason}）]。需要的话，请联系负责的同事或管理员。",
        "You cannot do this[ ({reason})]. If it is needed, ask the colleague in charge or the"
        " administrator.",
    ),
    "csrf_refused": Sentence(
        "页面打开太久了，为了安全没有提交。请刷新页面，再提交一次。",
        "The page was open too long, so nothing was sent, to be safe. Reload it and send again.",
    ),
    "origin_refused": Sentence(
        "这个请求来自别的网站，没有执行。请从本系统的页面操作。",
        "This request came from another site and was not carried out. Use the pages of this"
        " system.",
    ),
    # Kiosks.
    "kiosk_code_refused": Sentence(
        "启用码不对、用过了或者过期了。请核对一遍，或请管理员重新生成一个。",
        "The code is wrong, used or too old. Check it, or ask the administrator for a new one.",
    ),
    "kiosk_proof_refused": Sentence(
        "这台终端没能证明自己是登记的那一台。请稍等，系统会再试；一直不行，请管理员重新启用。",
        "This machine could not prove to be the enrolled one. Wait, it tries again; if it goes on,"
        " ask the administrator to enrol it anew.",
    ),
    "kiosk_unenrolled": Sentence(
        "这台终端还没有启用。请到窗口找工作人员[，或打电话 {phone}]，事情照样能办。",
        "This kiosk is not enrolled. Please go to the counter[, or call {phone}]; your matter is"
        " taken up all the same.",
    ),
    "kiosk_awaiting": Sentence(
        "正在等管理员核对这台终端。请稍候，或到窗口找工作人员[，电话 {phone}]。",
        "This kiosk waits for the administrator's approval. Please wait, or go to the counter[;"
        " telephone {phone}].",
    ),
    "kiosk_revoked": Sentence(
        "这台终端已停用。请到窗口找工作人员[，或打电话 {phone}]，事情照样能办。",
        "This kiosk is out of service. Please go to the counter[, or call {phone}]; your matter is"
        " taken up all the same.",
    ),
    "kiosk_quarantined": Sentence(
        "为了安全，这台终端暂停使用，管理员正在检查。请到窗口找工作人员[，或打电话 {phone}]。",
        "To be safe, this kiosk is stopped until the administrator has looked at it. Please go to"
        " the counter[, or call {phone}].",
    ),
    "kiosk_closed": Sentence(
        "现在不是这台终端的开放时间[（{hours}）]。请在开放时间再来[，急事请打电话 {phone}]。",
        "This kiosk is closed now[ (open {hours})]. Please come back in its hours[, or call {phone}"
        " if it is urgent].",
    ),
    "kiosk_misplaced": Sentence(
        "这台终端不在登记的网络里，不能使用。请到窗口找工作人员[，或打电话 {phone}]。",
        "This kiosk is not in the network it belongs to, so it cannot be used. Please go to the"
        " counter[, or call {phone}].",
    ),
    "kiosk_address": Sentence(
        "这个地址不是系统登记的地址[，请用 {expected}]。请管理员检查终端的网址或系统的设置。",
        "This is not the address of the system[; use {expected}]. The administrator has to check"
        " the kiosk's address or the system's settings.",
    ),
    # Getting into the room and staying there.
    "not_admitted": Sentence(
        "现在还不能进入这个房间。请先签到，或请工作人员确认您在名单上。",
        "You cannot enter this room now. Check in first, or ask the staff whether you are on the"
        " list.",
    ),
    "ticket_invalid": Sentence(
        "入场凭证无效。请回到上一页，重新点“进入”。",
        "The ticket is not valid. Go back a page and press “join” again.",
    ),
    "ticket_expired": Sentence(
        "入场凭证过期了。请回到上一页，重新点“进入”。",
        "The ticket is too old. Go back a page and press “join” again.",
    ),
    "playback_ended": Sentence(
        "这次播放的许可到期了，或者不是在这里打开的。请回到信访件，重新打开录音录像。",
        "The right to play this has run out, or was given elsewhere. Open the recording again from"
        " the case.",
    ),
    "ticket_used": Sentence(
        "入场凭证已经用过。请回到上一页，重新点“进入”。",
        "The ticket was used before. Go back a page and press “join” again.",
    ),
    "session_over": Sentence(
        "这场接访已经结束。结果可以用查询码查看；需要再谈，请重新预约。",
        "This session has ended. See the outcome with the query code; to talk again, book a new"
        " slot.",
    ),
    "moved_elsewhere": Sentence(
        "您已在另一个窗口或设备进入房间，这里断开了。要在这里继续，请重新进入。",
        "You joined from another window or device, so this one was disconnected. To go on here,"
        " join again.",
    ),
    "no_such_room": Sentence(
        "房间不在了，系统正在重新打开。请稍等几秒再进入。",
        "The room is gone and is being opened again. Wait a few seconds, then join again.",
    ),
    "no_such_seat": Sentence(
        "房间里没有这个座位。请重新进入房间。",
        "The room has no such seat. Please join the room again.",
    ),
    "seat_taken": Sentence(
        "这个座位上已经有人。请工作人员看一下谁在房间里，再重新进入。",
        "Somebody is in this seat. Ask the staff to see who is in the room, then join again.",
    ),
    "stale_generation": Sentence(
        "已经有更新的连接，这一个作废了。画面没有恢复的话，请重新进入房间。",
        "A newer connection took over from this one. If the picture does not come back, join the"
        " room again.",
    ),
    "hub_full": Sentence(
        "同时进行的接访已到上限。请过几分钟再试，工作人员会优先安排您。",
        "As many sessions as possible are running. Try again in some minutes; staff will see to"
        " you first.",
    ),
    "engine_down": Sentence(
        "音视频服务正在恢复，会自动重连，请稍等。一分钟后还不行，请拨打接访点电话。",
        "The media service is coming back and reconnects by itself; please wait. If it has not"
        " within a minute, call the site by phone.",
    ),
    # What a program or a page of ours did wrong.
    "sdp_refused": Sentence(
        "浏览器的连接请求不合要求。请刷新页面；还是不行，请换用新版 Chrome 或 Edge 浏览器。",
        "The browser's connection request was refused. Reload the page; if it fails again, use a"
        " current Chrome or Edge.",
    ),
    "bad_message": Sentence(
        "收到的消息格式不对。请刷新页面后再试。",
        "A message could not be read. Reload the page and try again.",
    ),
    "unknown_type": Sentence(
        "页面和系统的版本不一致。请刷新页面。",
        "The page and the system are of different versions. Reload the page.",
    ),
    "bad_version": Sentence(
        "页面版本太旧，不能连接。请刷新页面，或重新启动终端。",
        "The page is too old to connect. Reload it, or restart the kiosk.",
    ),
    "message_too_large": Sentence(
        "内容太长，没有收下。请缩短后再提交。",
        "This is too long and was not taken. Make it shorter and send it again.",
    ),
    "rate_limited": Sentence(
        "操作太快了。请稍等几秒再试。",
        "That was too fast. Wait a few seconds and try again.",
    ),
    "unsupported_media": Sentence(
        "这种格式的内容不能接收。请用 JSON 提交，或使用页面上的表单。",
        "Content of this kind is not taken. Send JSON, or use the form on the page.",
    ),
    "method_not_allowed": Sentence(
        "这个地址不支持这种操作。请从页面上的按钮进入。",
        "This address does not take that method. Use the buttons on the page, or see the API"
        " description.",
    ),
    "range_unsatisfiable": Sentence(
        "要播放的位置超出了文件长度。请从头播放。",
        "The place to play from lies past the end of the file. Play it from the start.",
    ),
    "internal": Sentence(
        "系统出了问题，已经记录下来。请再试一次；还是不行，请告诉管理员。",
        "Something went wrong on our side and was written down. Try again; if it fails again,"
        " tell the administrator.",
    ),
    "try_again": Sentence(
        "系统正忙，这一步没有做，什么都没有改动。请再试一次。",
        "The system was busy and nothing was changed. Please try again.",
    ),
    # Recordings.
    "recording_refused": Sentence(
        "录音录像的这一步没有办成。请再试一次；还是不行，请告诉管理员。",
        "This was not done with the recording. Try again; if it fails again, tell the"
        " administrator.",
    ),
    "recording_damaged": Sentence(
        "录音录像有损坏，没有播放。请告诉管理员核验，原始文件不要改动。",
        "The recording is damaged and is not played. Tell the administrator to verify it, and"
        " leave its files as they are.",
    ),
    "recording_missing": Sentence(
        "没有找到这份录音录像。请核对编号，或告诉管理员。",
        "This recording was not found. Check its number, or tell the administrator.",
    ),
    "recording_busy": Sentence(
        "这份录音录像正在写入。请等它结束后再试。",
        "This recording is being written. Try again when it has ended.",
    ),
    "recording_closed": Sentence(
        "这份录音录像已经封存，不能再写。请新开一份。",
        "This recording is closed and is never written again. Start a new one.",
    ),
    "recording_not_sealed": Sentence(
        "录音录像的结尾没有写进磁盘。请先运行完成步骤，再查看。",
        "The end of the recording did not reach the disk. Let it be finished first, then look"
        " again.",
    ),
    "recording_not_finished": Sentence(
        "录音录像还没有整理好。请等整理完成后再做这一步。",
        "The recording is not finished yet. Wait until it is, then do this again.",
    ),
    "recording_name_refused": Sentence(
        "录音录像的编号不能用作文件名。请只用字母、数字、横线和下划线。",
        "This id cannot be a file name. Use letters, digits, hyphens and underscores only.",
    ),
    "manifest_damaged": Sentence(
        "录音录像的清单[第 {line} 行]与写入时不一致。请保留原件，告诉管理员。",
        "The list of the recording is not what was written[, at line {line}]. Keep the files and"
        " tell the administrator.",
    ),
    "segment_damaged": Sentence(
        "录音录像有一段读不出来。请保留原件，告诉管理员。",
        "A segment of the recording cannot be read. Keep the files and tell the administrator.",
    ),
    "seal_broken": Sentence(
        "加密的录音录像打不开，可能被改动过或密钥不对。请告诉管理员。",
        "The sealed recording cannot be opened: it was changed, or the key is another. Tell the"
        " administrator.",
    ),
    "recording_key_missing": Sentence(
        "这份录音录像没有密钥，打不开也不能录制。请告诉管理员：可能已按规定销毁，或者密钥没有装好。",
        "This recording has no key, so it cannot be opened or written. Tell the administrator: it"
        " was destroyed under the rule, or the key is not installed.",
    ),
    "codec_unsupported": Sentence(
        "录音录像用了不支持的编码[（{codec}）]，不能整理成文件。请告诉管理员。",
        "The recording holds a codec[ ({codec})] that cannot go into the finished file. Tell the"
        " administrator.",
    ),
    "finish_unverified": Sentence(
        "整理好的录音录像没有通过核对，原始片段都保留着。请告诉管理员。",
        "The finished recording did not pass its check; all segments are kept. Tell the"
        " administrator.",
    ),
    "disk_too_full": Sentence(
        "磁盘空间不足，不能开始录制。接访照常进行；请管理员清理磁盘。",
        "There is too little disk space to start recording. The talk goes on; the administrator"
        " has to make room.",
    ),
    "disk_full": Sentence(
        "磁盘满了，录音录像没有整理完。请管理员清理磁盘后重试，原始片段都保留着。",
        "The disk is full, so the recording was not finished; all segments are kept. Make room"
        " and try again.",
    ),
    "disk_failed": Sentence(
        "磁盘读写出错，录音录像没有整理完。请管理员检查磁盘。",
        "The disk failed, so the recording was not finished. The administrator has to look at the"
        " disk.",
    ),
    # Setting up and starting.
    "schema_too_new": Sentence(
        "数据库[（{revision}）]是更新版本的程序写的。请升级程序，不要用旧版本打开。",
        "A newer version of this program wrote the database[ ({revision})]. Upgrade the program;"
        " do not open it with this one.",
    ),
    "wall_missing": Sentence(
        "数据库角色 reception_app 不存在、登录账号不能切换到它，或它的权限过大，行级隔离不起作用。"
        "请按运维手册“PostgreSQL”一节建立角色，再运行 reception db upgrade。",
        "The database role reception_app is missing, the login may not switch to it, or it has too many rights for"
        " row-level security to hold. Make the roles as operations.md says, then run reception db upgrade.",
    ),
    "schema_missing": Sentence(
        "数据库还没有建好，或者版本较旧。请先运行 reception db upgrade。",
        "The database is empty or older than this program. Run reception db upgrade first.",
    ),
    "checkpoints_unreadable": Sentence(
        "读不到审计检查点文件[ {file}]，或者里面不是检查点。请检查路径、权限和内容后再试。",
        "The file of audit checkpoints[ {file}] cannot be read, or holds something else. Check its"
        " path, permissions and content, and try again.",
    ),
    "audit_key_unreadable": Sentence(
        "读不到审计日志的密钥[ {file}]。请用运行服务的账号执行，或从备份恢复这个文件。",
        "The key of the audit log[ {file}] cannot be read. Run the command as the service's user,"
        " or restore this file from a backup.",
    ),
    "sqlite_too_old": Sentence(
        "SQLite 版本太旧，有损坏数据的风险，没有启动。请安装程序自带的 pysqlite3。",
        "This SQLite is so old that it may damage data, so the program did not start. Install the"
        " pysqlite3 that comes with it.",
    ),
    "rehearsal_failed": Sentence(
        "演练没有办成[：{reason}]。请检查服务器地址和令牌，再试一次。",
        "The rehearsal could not be held[: {reason}]. Check the server's address and the token, and "
        "try again.",
    ),
    "directory_not_empty": Sentence(
        "这个目录里已有别的文件，没有动它们。请换一个空目录。",
        "This directory holds other files, and they were left alone. Choose an empty one.",
    ),
}
"""Every code of the whole product."""

_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_NAME: Final = re.compile(r"\{(\w+)\}")


def sentence(code: str, language: str, details: Mapping[str, object]) -> str:
    """What to tell a person about a refusal; never raises.

    A code that is not in the catalogue reads as `refused`; any language other than `en` reads
    Chinese. Known words among the details are named in the language, `..._at` instants shown in
    China's time.
    """
    both = SENTENCES.get(code, SENTENCES["refused"])
    english = language == "en"

    def fill(part: re.Match[str]) -> str:
        if any(details.get(name) in (None, "", []) for name in _NAME.findall(part[1])):
            return ""
        return _NAME.sub(lambda found: _shown(found[1], details[found[1]], english), part[1])

    return _OPTIONAL.sub(fill, both.en if english else both.zh)


def _shown(name: str, value: object, english: bool) -> str:
    if isinstance(value, list | tuple):
        return (", " if english else "、").join(_shown(name, each, english) for each in value)
    text = str(value)
    if name.endswith("_at"):
        return _instant(text, english)
    words = WORDS.get(text)
    if words is None:
        return text
    return words.en if english else words.zh


def _instant(text: str, english: bool) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    if at.utcoffset() is None:
        return text
    at = at.astimezone(SHANGHAI)
    if english:
        return f"{at:%Y-%m-%d %H:%M}"
    return f"{at.month}月{at.day}日 星期{'一二三四五六日'[at.weekday()]} {at:%H:%M}"
