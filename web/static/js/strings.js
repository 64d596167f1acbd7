/** The page's own words: a JSON block that the template renders in the person's language. */

/**
 * @param {string} id of a `<script type="application/json">` in this document
 * @returns {any} what the server put there
 */
export function dataBlock(id) {
  const block = document.getElementById(id);
  if (!block) throw new Error(`the page has no data block ${id}`);
  return JSON.parse(block.textContent ?? 'null');
}

/**
 * @param {string} text with `{name}` places
 * @param {Record<string, string|number>} values
 * @returns {string}
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * @param {Record<string, string>} strings
 * @returns {(key: string, values?: Record<string, string|number>) => string}
 */
export function translator(strings) {
  return (key, values = {}) => {
    const text = strings[key];
    if (text === undefined) throw new Error(`no string ${key}`);
    return fill(text, values);
  };
}
