/** Controls, marks that reverse or hide text, and separators that some read as a new line. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Returns the text in one line, without marks that hide or reverse text. */
export const oneLine = (text: string): string => text.replace(HARMFUL, ' ')

/** Markup, mentions and links of chats, and lookalikes without a function. */
const DEFUSED: Readonly<Record<string, string>> = {
  '<': '＜',
  '>': '＞',
  '&': '＆',
  '@': '＠',
  '[': '［',
  ']': '］',
  '*': '＊',
  '`': '｀',
  '~': '～',
  '|': '｜',
  '\\': '＼',
  '://': '：//',
}

/**
 * Makes text that partners and upstream contribute to harmless in any chat: no mention (`@all`, `<@U1>`, `<!here>`,
 * `<at …>`), link or markup. Entities would work in some chats only, and may be cut in two.
 */
export const defused = (text: string): string =>
  oneLine(text).replace(/:\/\/|[<>&@[\]*`~|\\]/g, found => DEFUSED[found] ?? found)

/** A URL, a path or a setting, or a word as long as a key. */
const KEY_LIKE_WORD = /[/=%]|[\w-]{16}/

/** Removes addresses and possible keys from a receiver's text, which may repeat our request. */
export const withoutKeys = (text: string): string =>
  text.replace(/[!-~]+/g, word => (KEY_LIKE_WORD.test(word) ? '[…]' : word))

const ELLIPSIS = '…'
const utf8 = new TextEncoder()
export const bytesOf = (text: string): number => Buffer.byteLength(text)

/** Returns the beginning of the text, at most `maxBytes` bytes of UTF-8, with an ellipsis if cut; no character is cut. */
export const cutTo = (text: string, maxBytes: number): string => {
  if (bytesOf(text) <= maxBytes) return text
  const { read } = utf8.encodeInto(text, new Uint8Array(Math.max(0, maxBytes - bytesOf(ELLIPSIS))))
  return maxBytes < bytesOf(ELLIPSIS) ? '' : text.slice(0, read) + ELLIPSIS
}
