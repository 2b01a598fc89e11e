/** Controls, marks that reverse text or hide in it, and separators that some read as a new line. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** In one line, without what hides or reverses text. */
export const oneLine = (text: string): string => text.replace(HARMFUL, ' ')

/** What a chat reads as markup, a mention or a link, by what looks alike and means nothing. */
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
 * Text that partners and upstream have a part in, for any chat: none of it becomes a mention (`@all`, `<@U1>`, `<!here>`, `<at …>`),
 * a link or markup. Entities would do for some chats only, and may be cut in two.
 */
export const defused = (text: string): string =>
  oneLine(text).replace(/:\/\/|[<>&@[\]*`~|\\]/g, found => DEFUSED[found] ?? found)

/** What is a URL, a path or a setting, or is as long as a key. */
const TELLTALE = /[/=%]|[\w-]{16}/

/** Text of somebody who may repeat what we sent, without addresses and what may be a key. */
export const withoutKeys = (text: string): string =>
  text.replace(/[!-~]+/g, word => (TELLTALE.test(word) ? '[…]' : word))

const ELLIPSIS = '…'
const utf8 = new TextEncoder()
export const bytesOf = (text: string): number => Buffer.byteLength(text)

/** The beginning of the text that takes at most so many bytes of UTF-8, with a mark where something is missing; no character is cut. */
export const cutTo = (text: string, most: number): string => {
  if (bytesOf(text) <= most) return text
  const { read } = utf8.encodeInto(text, new Uint8Array(Math.max(0, most - bytesOf(ELLIPSIS))))
  return most < bytesOf(ELLIPSIS) ? '' : text.slice(0, read) + ELLIPSIS
}
