/**
 * The shapes that travel between the server and the live pages; types only, never loaded by a page.
 *
 * @typedef {'scheduled'|'prepared'|'lobby'|'notice'|'active'|'consult'|'reconnecting'|'readback'
 *   |'signed'|'sign_refused'|'closed'|'adjourned'|'stopped'|'broken_off'} SessionState
 *
 * @typedef {{id: string, role: string, seat: number, name: string, online: boolean,
 *   media: boolean}} Person
 *
 * @typedef {{type: string, type_label: string, type_label_en: string, text: string,
 *   owner_organ: string|null, due_on: string|null, due_words: string|null,
 *   due_words_en: string|null}} Outcome
 *
 * @typedef {object} Snapshot The whole room as one person may see it; screens are functions of it.
 * @property {string} session
 * @property {string} room
 * @property {number} version
 * @property {SessionState} state
 * @property {SessionState|null} resumes the state a reconnecting talk returns to
 * @property {boolean} media whether pictures and sound may flow now
 * @property {number} seats how many the room has
 * @property {Person[]} people
 * @property {{id: string, role: string, seat: number}} me
 * @property {{starts_at: string, ends_at: string}} slot
 * @property {string|null} started_at
 * @property {string|null} ended_at
 * @property {string} server_now
 * @property {'off'|'on'|'failed'} recording
 * @property {{answer: boolean, at: string, text_version: string}|null} consent
 * @property {{version: number, text: string}|null} record
 * @property {Outcome|null} outcome
 * @property {{target: string, level: number}[]} ratings
 * @property {string[]} moves what this person may do now
 * @property {{name: string, title: string}} leader
 * @property {{name: string}} petitioner
 * @property {{name: string, phone: string}} site
 * @property {{id: string, case_no: string}} case
 *
 * @typedef {'connecting'|'live'|'weak'|'reconnecting'} Line
 *
 * @typedef {object} KioskBooking What the kiosk may know of the booking that checked in.
 * @property {string} session_id
 * @property {string} session_state
 * @property {string} greeting_name the masked name, "王**"
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string} leader_name
 * @property {string} leader_title
 *
 * @typedef {object} Reception One line of the idle screen; it names no petitioner.
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string} leader_name
 * @property {string} leader_title
 * @property {string} status a sentence
 * @property {'waiting'|'live'|'over'} tone
 *
 * @typedef {{leader_name: string, leader_title: string, hours: string}} OnDuty
 *
 * @typedef {object} Queue Those who come without a booking; numbers, nobody's name.
 * @property {boolean} opens whether numbers are given today
 * @property {number} waiting
 * @property {{number: string, calls: number}[]} called
 * @property {string|null} next who is called after them
 *
 * @typedef {object} Ticket
 * @property {string} number
 * @property {string} taken_at
 * @property {number} before how many are received earlier
 * @property {number} least minutes
 * @property {number} most minutes
 *
 * @typedef {object} Receipt
 * @property {string} case_no
 * @property {string} query_code
 * @property {string} query_url
 * @property {{size: number, path: string}} qr
 * @property {string} outcome_label
 * @property {string} outcome_text
 * @property {string} owner_organ
 * @property {string} due_words
 * @property {string} leader_name
 * @property {string} site_name
 * @property {string} ended_words
 * @property {string} phone
 *
 * @typedef {{code: string, sentence: string}} Refusal
 */

export {};
